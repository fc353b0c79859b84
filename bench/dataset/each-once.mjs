const { datasetStatus } = await import('../../dist/dataset.js')

/** What a status says, in a line. */
export async function eachOnce(what, out, rows, note) {
  const status = await datasetStatus({ out, recount: true })
  const holds = status.complete && status.rows.done === rows
  return [
    what,
    `${status.rows.done} of ${rows} rows, ${status.problems.length} problems; ${note}`,
    'every row once',
    holds,
  ]
}
