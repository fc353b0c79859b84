import { Scores } from './scores.js'

export default function Page() {
  return (
    <main>
      <h1>icthp with Next.js</h1>
      <Scores />
    </main>
  )
}
