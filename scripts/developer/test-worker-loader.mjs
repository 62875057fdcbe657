/** Gives each test file that runs in one process after others its own `tap`: the test that stands for the file. */

const own = '?of=';

/** Node's hook for the resolution of an import. */
export async function resolve(specifier, context, next) {
  if (specifier !== 'tap' || !/^[^?]*\.test\.ts$/.test(context.parentURL)) return next(specifier, context);
  const resolved = await next(specifier, context);
  return { ...resolved, url: resolved.url + own + encodeURIComponent(context.parentURL) };
}

/** Node's hook for the source of a module. */
export async function load(url, context, next) {
  if (!url.includes(own)) return next(url, context);
  const source = "export * from 'tap'; export default globalThis[Symbol.for('pep381client.test')];";
  return { format: 'module', source, shortCircuit: true };
}
