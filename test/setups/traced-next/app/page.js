export default function Page() {
  return <p>/api/score</p>
}
