// transformers.js asks for one exact onnxruntime-web: an override gives both the same.
import { readFileSync } from 'node:fs'
import { check, mustRun } from './checks.mjs'

const listed = await mustRun('npm', ['ls', 'onnxruntime-web', '--all', '--parseable'])
const copies = listed
  .trim()
  .split('\n')
  .filter((line) => line.includes('onnxruntime-web'))
check(copies.length === 1, `there are ${copies.length}: ${copies.join(', ')}`)
check(JSON.parse(readFileSync('package.json', 'utf8')).overrides, 'no override')
