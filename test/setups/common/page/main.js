import { HpScorer, IctScorer } from 'icthp/web'

// A folder that `npx icthp convert` or `npx icthp pull` wrote, here model/ beside index.html.
const model = new URL('model/', document.baseURI).href
const scores = document.querySelector('#scores')
let scorers

document.querySelector('#image').addEventListener('change', async ({ target }) => {
  const [image] = target.files
  if (!image) return
  scores.value = 'Working …'
  try {
    scorers ??= Promise.all([IctScorer.fromPretrained(model), HpScorer.fromPretrained(model)])
    const [ict, hp] = await scorers
    const prompt = document.querySelector('#prompt').value
    scores.value = `ICT ${await ict.score(image, prompt)} HP ${await hp.score(image)} on ${ict.info.device}`
  } catch (error) {
    scores.value = error.message
  }
})
