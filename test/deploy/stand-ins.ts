/** What a throwaway machine has in place of systemd, cron and persons, and how a script of the tests tells what happened. */

/** Programs that would reach out of the machine, or wait for somebody. */
export const standIns = `
cd /srv/checkout
stand_in() { cat >/usr/local/sbin/$1; chmod 755 /usr/local/sbin/$1; }
stand_in systemctl <<'END'
#!/bin/sh
case "$*" in
  'restart apache2') apache2ctl -k stop >/dev/null 2>&1; timeout 60 sh -c 'while [ -e /var/run/apache2/apache2.pid ]; do sleep 0.1; done'; exec apache2ctl -k start;;
  'reload apache2') exec apache2ctl -k graceful;;
  'enable --now '*) shift 2; for unit; do
    file=$(find /etc/systemd/system /usr/lib/systemd/system -maxdepth 1 -name "$unit") && [ -n "$file" ] || { echo "no unit $unit"; exit 1; }
    mkdir -p /etc/systemd/system/multi-user.target.wants
    ln -sf $file /etc/systemd/system/multi-user.target.wants/
  done;;
  *) echo "unexpected: systemctl $*"; exit 1;;
esac
END
stand_in editor <<'END'
#!/bin/sh
sed -i -e '0,/^#upstream = /s|^#upstream = .*|upstream = "http://127.0.0.1:8081"|' -e 's|^#allow-http = .*|allow-http = true|' "$1"
END
stand_in crontab <<'END'
#!/bin/sh
[ ! -x /usr/bin/crontab ] || exec /usr/bin/crontab "$@"
[ "$3" != -r ] || exec rm "/var/spool/cron/crontabs/$2"
[ "$1" = -u ] && id "$2" >/dev/null && mkdir -p /var/spool/cron/crontabs && cp "$3" "/var/spool/cron/crontabs/$2"
END
printf '#!/bin/sh\\n[ ! -x /usr/bin/setfacl ] || exec /usr/bin/setfacl "$@"\\n' | stand_in setfacl
command -v semanage >/dev/null || for name in semanage restorecon setsebool; do printf '#!/bin/sh\\n' | stand_in $name; done
echo '127.0.0.1 localhost pypi.example.org' >/etc/hosts
mkdir -p /run/apache2 /run/lock
rm -rf /usr/local/lib/pep381client /var/pypi /var/lib/pypi
rm -f /etc/pip.conf
`;

/** Where a step begins, a line of README.md, and what has to be true, as {@link asCheck} writes it. */
export const stepping = `
step() { echo "@@ step $1 at $(date +%s)"; }
line() { eval "$1"; echo "@@ ended $?"; }
check() { if eval "$1" >/tmp/check 2>&1; then :; else echo "@@ wrong: $1"; cat /tmp/check; fi; }
`;

/** Each line of a crontab as cron runs it: by its shell, in the user's home, in an environment of its own. */
export const cronjobs = `
scheme() { grep -qs SSLEngine /etc/apache2/sites-enabled/*.conf && echo https || echo http; }
fetch() { curl -s -k "$@"; }
cronjobs() {
  grep '^[*0-9]' | cut -d' ' -f6- | while read -r job; do
    said=$(cd ~pypi && setpriv --reuid=pypi --regid=pypi --init-groups env -i HOME=$(echo ~pypi) LOGNAME=pypi PATH=/usr/local/bin:/usr/bin:/bin bash -c "$job" 2>&1)
    status=$?
    case "$job" in
      # What was never rotated is told.
      *processlogs*) [ $status -lt 2 ] || { echo "$job: $status: $said"; return 1; };;
      *) [ $status = 0 ] && [ -z "$said" ] || { echo "$job: $status: $said"; return 1; };;
    esac
  done
}
`;

export function asCheck(check: string): string {
  return `check ${quoted(check)}`;
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
