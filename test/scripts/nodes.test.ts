/** With which headers the addons of the packages are compiled. */
import t from 'tap';

interface NodesScript {
  withoutNodedir(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
}

const url = new URL('../../scripts/developer/nodes.mjs', import.meta.url).href;
const { withoutNodedir } = (await import(url)) as NodesScript;

t.test('the headers that npm is told to use are not those of every Node.js', async (t) => {
  const kept = { npm_config_proxy: 'http://proxy.example', nodedir: '/usr', PATH: '/bin' };
  const dropped = {
    npm_config_nodedir: '/usr',
    NPM_CONFIG_NODEDIR: '/usr',
    npm_package_config_node_gyp_nodedir: '/usr',
  };
  t.same(withoutNodedir({ ...kept, ...dropped }), kept);
});
