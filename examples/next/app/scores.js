'use client'

import { useRef, useState } from 'react'

export function Scores() {
  const [prompt, setPrompt] = useState('two red apples on a table')
  const [text, setText] = useState('Choose an image.')
  const scorers = useRef(null)

  async function score(image) {
    if (!image) return
    setText('Working …')
    try {
      scorers.current ??= load()
      const [ict, hp] = await scorers.current
      setText(`ICT ${await ict.score(image, prompt)} HP ${await hp.score(image)} on ${ict.info.device}`)
    } catch (error) {
      setText(error.message)
    }
  }

  return (
    <>
      <p>
        <label>
          Prompt <input id="prompt" value={prompt} onChange={(event) => setPrompt(event.target.value)} />
        </label>
      </p>
      <p>
        <label>
          Image{' '}
          <input
            id="image"
            type="file"
            accept="image/*"
            onChange={(event) => void score(event.target.files[0])}
          />
        </label>
      </p>
      <p>
        <output id="scores" htmlFor="prompt image">
          {text}
        </output>
      </p>
    </>
  )
}

/** Imported when it is needed: the page's first load stays small, and the server never runs it. */
async function load() {
  const { HpScorer, IctScorer } = await import('icthp/web')
  // A folder that `npx icthp convert` or `npx icthp pull` wrote, here public/model.
  const model = new URL('/model/', location.href).href
  return Promise.all([IctScorer.fromPretrained(model), HpScorer.fromPretrained(model)])
}
