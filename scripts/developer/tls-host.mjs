/** Makes the virtual host with TLS from the one without: everything but the first lines is the same. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const plain = 'pep381client.conf';
const begin = /^<VirtualHost \*:80>\n {2}ServerName (\S+)\n/;

/** Returns the virtual host with TLS that belongs to `shipped`, the one without. */
export function tlsHost(shipped) {
  const [first, name] = begin.exec(shipped) ?? [];
  if (first === undefined) throw new Error(`${plain}: expected <VirtualHost *:80> and ServerName as its first lines`);
  return `# ${plain} with TLS, to be enabled instead of it: \`npm run build\` makes this file of that one.
# Needs the modules ssl and http2, too. What comes without TLS is sent to the address with it.
<VirtualHost *:80>
  ServerName ${name}
  Redirect permanent / https://${name}/
</VirtualHost>

<VirtualHost *:443>
  ServerName ${name}
  SSLEngine on
  SSLCertificateFile /etc/ssl/certs/pypi.pem
  SSLCertificateKeyFile /etc/ssl/private/pypi.key
  Protocols h2 http/1.1
${shipped.slice(first.length)}`;
}

/** Writes the virtual host with TLS beside the other one, unless it is there unchanged. */
export function writeTlsHost(folder) {
  const made = tlsHost(readFileSync(join(folder, plain), 'utf8'));
  const path = join(folder, 'pep381client-tls.conf');
  if (!existsSync(path) || readFileSync(path, 'utf8') !== made) writeFileSync(path, made);
}
