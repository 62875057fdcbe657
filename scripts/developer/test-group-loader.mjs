/** Gives each file of tests that runs in one process with others a `tap` of its own: the test that stands for the file. */

const own = '?of=';

/** What Node calls for each import. */
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  const isOwn = specifier === 'tap' && /^[^?]*\.test\.ts$/.test(context.parentURL);
  return isOwn ? { ...resolved, url: resolved.url + own + encodeURIComponent(context.parentURL) } : resolved;
}

/** What Node calls for the source of each module. */
export async function load(url, context, next) {
  if (!url.includes(own)) return next(url, context);
  const source = "export * from 'tap'; export default globalThis[Symbol.for('pep381client.test')];";
  return { format: 'module', source, shortCircuit: true };
}
