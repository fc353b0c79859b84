/** The look of a report: light and dark by the reader's setting, phones, print. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --line: #dcdfe5; --text: #1b1f27; --dim: #596273; --track: #e6e9ee;
  --score: #2f7d4f; --ict: #3467c9; --hp: #b0620b; --warn: #a3341f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12151a; --card: #1b1f27; --line: #323945; --text: #e8ebf0; --dim: #a0a9b8; --track: #2d333e;
    --score: #58b87f; --ict: #7aa5f5; --hp: #e5a04b; --warn: #f08a73;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 24px clamp(12px, 3vw, 40px) 48px; max-width: 1600px;
  background: var(--page); color: var(--text); font: 15px/1.45 system-ui, sans-serif;
}
h1 { margin: 0 0 4px; font-size: 24px; line-height: 1.2; }
header, .name, .failed { overflow-wrap: anywhere; }
h2 { margin: 32px 0 8px; font-size: 18px; }
.dim, .facts dt { color: var(--dim); font-weight: 400; }
.rule { margin: 0; color: var(--dim); }
.prompts { margin: 16px 0 0; padding: 0; list-style: none; }
.prompts li { margin: 0 0 8px; padding: 8px 14px; border-left: 4px solid var(--ict); background: var(--card); border-radius: 0 8px 8px 0; }
.prompts q { font-size: 17px; white-space: pre-line; }
.prompts del { color: var(--warn); }
.prompts small { display: block; color: var(--warn); }
.facts { display: flex; flex-wrap: wrap; gap: 4px 24px; margin: 16px 0 0; font-size: 13px; }
.facts div { display: flex; gap: 6px; }
.facts dd { margin: 0; }
.notes { margin: 12px 0 0; padding-left: 20px; font-size: 13px; color: var(--dim); }
.tools {
  display: flex; flex-wrap: wrap; gap: 10px 20px; align-items: center; margin: 20px 0 0; padding: 12px 14px;
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; font-size: 14px;
}
.tools[hidden] { display: none; }
.tools label { display: flex; gap: 8px; align-items: center; min-width: 0; white-space: nowrap; }
.tools select, .tools input[type=search], .tools button {
  font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: 5px 8px;
  max-width: 100%; min-height: 34px;
}
.tools input[type=range] { width: 110px; accent-color: var(--ict); }
.tools output { min-width: 4em; font-variant-numeric: tabular-nums; }
.tools p { margin: 0 0 0 auto; color: var(--dim); }
.tools select { min-width: 0; text-overflow: ellipsis; }
:focus-visible { outline: 3px solid var(--ict); outline-offset: 2px; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(190px, 1fr)); gap: 16px; margin: 20px 0 0; padding: 0; list-style: none; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; display: flex; flex-direction: column; }
.card[hidden] { display: none; }
.group { grid-column: 1 / -1; } .group[hidden] { display: none; }
.group h2 { margin: 16px 0 0; padding-left: 12px; border-left: 4px solid var(--ict); overflow-wrap: anywhere; white-space: pre-line; }
.own { margin: 0; font-size: 12px; color: var(--dim); overflow: hidden; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow-wrap: anywhere; }
.picture { position: relative; aspect-ratio: 1; background: var(--track); }
.picture img { display: block; width: 100%; height: 100%; object-fit: contain; }
.rank {
  position: absolute; top: 8px; left: 8px; min-width: 28px; padding: 2px 8px; border-radius: 14px; text-align: center;
  background: #000b; color: #fff; font-weight: 600; font-variant-numeric: tabular-nums;
}
.card .body { padding: 10px 12px 12px; display: flex; flex-direction: column; gap: 6px; flex: 1; }
.name { margin: 0; font-size: 14px; font-weight: 600; line-height: 1.3; }
.size { margin: 0 0 auto; font-size: 12px; color: var(--dim); }
.passed { color: var(--score); } .missed { color: var(--warn); }
.scores { margin: 0; display: grid; grid-template-columns: auto 1fr; gap: 2px 8px; align-items: baseline; font-size: 13px; }
.scores dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
.bar { grid-column: 1 / -1; position: relative; height: 6px; margin-bottom: 4px; border-radius: 3px; background: var(--track); }
.bar::before { content: ''; position: absolute; inset: 0 auto 0 0; width: var(--part); border-radius: 3px; background: var(--colour); }
.bar[style*="--least"]::after { content: ''; position: absolute; left: calc(var(--least) - 1px); top: -2px; bottom: -2px; width: 2px; background: var(--text); }
.of-score { --colour: var(--score); } .of-ict { --colour: var(--ict); } .of-hp { --colour: var(--hp); }
.scores dt.of-score, .of-score + dd { font-weight: 600; }
.none { margin: 32px 0; text-align: center; color: var(--dim); }
.failed { margin: 0; padding-left: 20px; }
footer { margin-top: 32px; font-size: 13px; color: var(--dim); }
@media (max-width: 560px) {
  body { padding-top: 16px; }
  h1 { font-size: 20px; }
  .sheet { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px; }
  .card .body { padding: 8px 9px 10px; }
  .tools { gap: 10px; }
  .tools label { flex: 1 1 100%; justify-content: space-between; }
  .tools input[type=range] { flex: 1; }
  .tools p { margin: 0; }
}
@media (prefers-reduced-motion: no-preference) { .bar::before { transition: width .2s; } }
@media print {
  :root {
    color-scheme: light; --page: #fff; --card: #fff; --line: #ccc; --text: #000; --dim: #444; --track: #e6e9ee;
    --score: #2f7d4f; --ict: #3467c9; --hp: #b0620b; --warn: #a3341f;
  }
  body { padding: 0; max-width: none; font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .tools, .tools[hidden] { display: none; }
  .sheet { grid-template-columns: repeat(4, 1fr); gap: 8px; }
  .card { break-inside: avoid; }
  .group { break-after: avoid; }
}
`
