#!/bin/sh
# Fetches the freely licensed pictures that the demo models are trained on, from npm and Debian, into the folder $1.
set -e
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/npm" "$1/deb"
cd "$1"
while read -r kind package; do
  case $kind in
    npm)
      folder=npm/$(echo "${package%@*}" | tr / -)
      [ -d "$folder" ] && continue
      mkdir -p "$folder.partial"
      tar xzf "$(npm pack --silent "$package")" -C "$folder.partial" --strip-components=1
      mv "$folder.partial" "$folder"
      rm -f ./*.tgz
      ;;
    deb)
      [ -d "deb/$package" ] && continue
      apt-get download "$package"
      dpkg-deb -x "$package"_*.deb "deb/$package.partial"
      mv "deb/$package.partial" "deb/$package"
      rm -f "$package"_*.deb
      ;;
  esac
done < "$here/sources.txt"
