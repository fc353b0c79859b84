/** The page is one file without a neighbour: nothing is loaded from elsewhere, and nothing is sent but to this server. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src blob:; connect-src 'self'; " +
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.3rem }
label { display: block; margin: .8rem 0 }
input[type=text], input[type=password] { width: 100%; box-sizing: border-box; font: inherit; padding: .4rem }
#drop { border: 2px dashed; border-radius: .6rem; padding: 2rem; text-align: center }
#drop.over { background: #8883 }
ol { list-style: none; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 1rem }
li img { width: 100%; aspect-ratio: 1; object-fit: contain; background: #8882; border-radius: .4rem }
li p { margin: .2rem 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums }
.bad { color: #c33 }
pre { overflow: auto; max-height: 24rem; background: #8882; padding: .8rem; border-radius: .4rem }`

const SCRIPT = `
const $ = (id) => document.getElementById(id)
let files = []
// The address of a mounted page may have no slash at its end.
const base = location.pathname.replace(/\\/*$/, '/')
const headers = () => ($('token').value ? { authorization: 'Bearer ' + $('token').value } : {})
const line = (text, name) => Object.assign(document.createElement('p'), { textContent: text, className: name ?? '' })
function show(results) {
  for (const img of $('pictures').querySelectorAll('img')) URL.revokeObjectURL(img.src)
  $('pictures').replaceChildren(...results.map((result) => {
    const item = document.createElement('li')
    const picture = Object.assign(new Image(), { src: URL.createObjectURL(files[result.index]), alt: '' })
    item.append(picture, line(files[result.index].name))
    if (result.error) item.append(line(result.error.message, 'bad'))
    else for (const [name, value] of Object.entries(result))
      if (typeof value === 'number' && name !== 'index') item.append(line(name + ' ' + (name === 'rank' ? value : value.toFixed(4))))
    return item
  }))
}
async function ask() {
  if (!files.length) return
  $('state').textContent = 'scoring ' + files.length + ' …'
  const form = new FormData()
  for (const file of files) form.append('image', file)
  if ($('prompt').value.trim()) form.append('prompt', $('prompt').value)
  const start = performance.now()
  try {
    const response = await fetch(base + 'v1/rank', { method: 'POST', body: form, headers: headers() })
    const answer = await response.json()
    $('state').textContent = response.status + ' in ' + Math.round(performance.now() - start) + ' ms'
    $('answer').textContent = JSON.stringify(answer, null, 1)
    show(answer.results ? [...answer.results, ...answer.failed] : [])
    if (answer.error) $('state').textContent += ': ' + answer.error.message
  } catch (error) {
    $('state').textContent = 'no answer: ' + error.message
  }
}
$('api').href = base + 'openapi.json'
const take = (list) => { files = [...list]; void ask() }
$('files').onchange = (event) => take(event.target.files)
$('prompt').onchange = ask
$('drop').ondragover = (event) => { event.preventDefault(); $('drop').classList.add('over') }
$('drop').ondragleave = () => $('drop').classList.remove('over')
$('drop').ondrop = (event) => { event.preventDefault(); $('drop').classList.remove('over'); take(event.dataTransfer.files) }`

/** Where one drops pictures and sees what the server answers. */
export const PAGE: string = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>icthp</title>
<style>${STYLE}</style>
<h1>icthp: a reward server</h1>
<label>Prompt <input id="prompt" type="text" placeholder="what the pictures should show; without one, looks alone are judged"></label>
<label>Token, where the server asks for one <input id="token" type="password" autocomplete="off"></label>
<div id="drop">Drop pictures here, or <input id="files" type="file" multiple accept="image/*" aria-label="pictures"></div>
<p id="state" role="status"></p>
<ol id="pictures"></ol>
<details><summary>The answer of POST /v1/rank</summary><pre id="answer"></pre></details>
<p><a id="api" href="openapi.json">openapi.json</a></p>
<script>${SCRIPT}</script>
</html>
`
