/**
 * The folder beside the programs with what is made for one Node.js only, such as `node20-abi115-linux-x64`: the SQLite
 * addon, which fits by the ABI (NODE_MODULE_VERSION), and the code caches. A copy of the programs may have several.
 */
const { versions, platform, arch } = process;

/** The name of the folder for the Node.js that runs this process. */
export const nodeFolder = `node${versions.node.split('.')[0]}-abi${versions.modules}-${platform}-${arch}`;
