/** Makes the virtual hosts with TLS from those without: everything but the first lines is the same. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const begin = /^<VirtualHost \*:80>\n {2}ServerName (\S+)\n/m;

/** Returns the virtual host with TLS that belongs to `shipped`, the one without, which is called `plain`. */
export function tlsHost(shipped, plain) {
  const [first, name] = begin.exec(shipped) ?? [];
  if (first === undefined) throw new Error(`${plain}: expected a line <VirtualHost *:80> and then ServerName`);
  const [before, after] = shipped.split(first);
  return `# ${plain} with TLS, to be enabled instead of it: \`npm run build\` makes this file of that one.
# Needs the modules ssl and http2, too. What comes without TLS is sent to the address with it.
${before === '' ? '' : `\n${before}`}<VirtualHost *:80>
  ServerName ${name}
  Redirect permanent / https://${name}/
</VirtualHost>

<VirtualHost *:443>
  ServerName ${name}
  SSLEngine on
  SSLCertificateFile /etc/ssl/certs/pypi.pem
  SSLCertificateKeyFile /etc/ssl/private/pypi.key
  Protocols h2 http/1.1
${after}`;
}

/** Writes the virtual hosts with TLS beside the others, unless they are there unchanged. */
export function writeTlsHosts(folder) {
  for (const name of ['pep381client', 'pep381client-s3']) {
    const plain = `${name}.conf`;
    const made = tlsHost(readFileSync(join(folder, plain), 'utf8'), plain);
    const path = join(folder, `${name}-tls.conf`);
    if (!existsSync(path) || readFileSync(path, 'utf8') !== made) writeFileSync(path, made);
  }
}
