// No loader and no plugin: webpack 5 finds the worker and the .wasm files by itself. It writes dist/ beside index.html.
export default {
  entry: './main.js',
  performance: { hints: false }, // the runtime's .wasm is fetched when the first model is loaded, not with the page
}
