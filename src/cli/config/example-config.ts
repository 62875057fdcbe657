/**
 * A `mirror.toml` with every key there is. A line that begins with `#` without a space is a setting to be uncommented.
 */
export const exampleConfig = `# mirror.toml: what pep381run mirrors into this folder, and how. Every line may be left out.
# Settings stand here with their defaults, or with an example. A flag of the command line beats the file.

# --- Where from, and how ---

#upstream = "https://pypi.org"
# Other addresses of that index, as lock files name them: mirrors of it. pypi.org and base-url always count.
#upstream-aliases = ["https://mirror.example/pypi/simple"]
# Accept an upstream without TLS. Anyone on the way could then change the files.
#allow-http = false
# Hosts besides the upstream's own from which files may come.
#file-hosts = ["files.pythonhosted.org"]
# The proxy that all requests go through, also "socks5://…", and the hosts and domains that are asked without it.
# By default the environment's https_proxy, http_proxy, all_proxy and no_proxy.
#proxy = "http://proxy.example:3128"
#no-proxy = [".internal.example"]
# Authorities that are trusted besides Node's own (PEM). By default those of Debian, RHEL, SUSE or Alpine.
#ca-file = "/etc/ssl/certs/ca-certificates.crt"
# The certificate that is shown to an index that asks for one, and its key.
#client-cert-file = "/etc/pep381client/client.pem"
#client-key-file = "/etc/pep381client/client.key"
# Users and passwords by host, for indexes that want to know who asks. By default ~/.netrc.
#netrc-file = "/etc/pep381client/netrc"
# Mirror the pages only; their links point at upstream's files.
#index-only = false
# Connections to each host at the same time, 1 to 100. "auto" begins with 10 and goes up while more bring more,
# to max-workers at most; it comes down where upstream refuses requests or slows down.
#workers = "auto"
#max-workers = 50
# What all downloads together may take of the line. By default nothing is limited.
#rate-limit = "20MB/s"
# Mirror only in this part of the day, by the clock of this machine; a run that is at work when it ends is paused.
#window = "22:00-06:00"
# Each project is looked at every 30 days, also where upstream tells of no change; a run looks at so many at most.
#sweep = 1000000
# What is created may be written by its owner and read by everybody; "0027" keeps others than the group out.
#umask = "0022"
# Who may read state.db may hold up all runs: only its owner, or with "0640" its group, which then can ask --why.
#state-mode = "0600"
# What upstream removes disappears from the index; with this its files stay. What is in quarantine never stays.
#keep-removed = false
# For so many days what was removed lies in trash/, and pep381run --restore can bring it back.
#trash-days = 30
# The address under which web/ is served. Provenance (PEP 740) is served only where it is https.
#base-url = "https://mirror.example"
# Serve /pypi/NAME/json and what else bandersnatch, shadowmire and updaters of dependencies read; base-url goes into it.
#legacy-json = false
# Provenance objects are kept as they are ("store"), verified, too ("verify"), or left to upstream ("off").
#provenance = "store"
# Files whose provenance fails: "warn" and hold them, "refuse-failed", or "require" provenance of every file.
#provenance-policy = "warn"
# Whom to trust: Sigstore's trusted_root.json. By default the one of @sigstore/tuf 4.0.2, from March 2026.
#trusted-root-file = "/etc/pep381client/trusted_root.json"
# How upstream's operators can reach you.
#contact = "mirror@example.org"
# How to write what happens: "text" or "json".
#log-format = "text"
# Mirrors of this mirror that are told when something changed, and the file with the secret they know it by.
#notify = ["https://downstream.example/sync"]
#notify-secret-file = "/etc/pep381client/notify-secret"
# A file with metrics for Prometheus, for the textfile collector of its node exporter.
#metrics-file = "/var/lib/prometheus/node-exporter/pep381.prom"
# Sign the state that each run reaches, by the Ed25519 private key in this file.
#signing-key-file = "/etc/pep381client/signing.key"
# The public key by which upstream signs: a file, or its base64. What is not by it ends a run before it begins.
#upstream-key = "/etc/pep381client/upstream.pub"

# --- What is held; without any of this, everything ---

# Projects by name, requirement, glob or regex. All others are left out.
#projects = ["flask", "numpy>=2", "acme-*", "/^acme[0-9]+$/"]
# Files that list requirements: requirements.txt, pylock.toml, uv.lock, poetry.lock, Pipfile.lock.
#requirements = ["requirements.txt"]
# Those of them that may ask for nothing. Of the others that is a mistake, as their projects would be removed.
#may-be-empty = ["requirements.txt"]
# Hold what the held releases require, too.
#dependencies = false
# Pages leave out the files that are not held ("hide"), or link to them upstream ("upstream").
#unmirrored = "hide"
# What is held of projects that no rule names: "files", "pages-only" or "none".
# The default is "none" where projects, requirements or a rule with hold = "files" says what is held, else "files".
#otherwise = "none"

# Rules are read from the top; the first that names a project decides. projects and requirements above come last.
#[[rule]]
#projects = ["torch", "tensorflow*"]
#hold = "pages-only"

#[[rule]]
#requirements = ["/srv/app/requirements.txt"]
#hold = "files"

# What comes from another index, at the address that pip's --index-url takes. No other index is asked for it.
#[[rule]]
#projects = ["acme-*"]
#upstream = "https://py.internal.example/simple/"
# Hosts besides that index's own from which its files may come.
#file-hosts = ["files.internal.example"]

# Files that you put into folders of your own below web/packages get a page of what lies there.
#[[rule]]
#projects = ["tool-of-ours"]
#hold = "local"

# Which releases of a held project. What is pinned (==) is held anyway.
#[releases]
#prereleases = true
#yanked = true
# Only so many of the newest releases, of each project, or of each "major" or "minor" series.
#keep = 10
#keep-per = "project"
# Only files so old, and not older: units are h, d, w and y. Some projects may be held at once.
#min-age = "7d"
#min-age-exempt = ["acme-*"]
#max-age = "5y"

# Which files of a held release.
#[files]
# wheel, sdist, egg, wininst, msi, rpm, deb, dmg, dumb, variants, other.
#kinds = ["wheel", "sdist"]
# "yes", "no" or "where-no-wheel-fits".
#sdists = "yes"
# Wheels for these systems, machines, Pythons and ABIs only. Those that fit everywhere are always held.
#systems = ["linux", "macos", "windows"]
#machines = ["x86_64", "aarch64"]
#pythons = ["3.11", "3.12", "3.13"]
#abis = ["abi3", "cp311", "cp312", "cp313"]
# The newest C libraries that wheels may need.
#glibc = "2.28"
#musl = "1.2"
# Of one file, and of the newest releases of a project. Units are B, kB, MB, GB, TB, and KiB, MiB and so on.
#max-size = "500MB"
#max-project-size = "20GB"

# Where things get installed: markers of requirements are asked there. Without any, anywhere.
# Platforms are "linux", "macos" and "windows", implementations "cpython" and "pypy".
#[[environment]]
#python = "3.12"
#platform = "linux"
#machine = "x86_64"
#implementation = "cpython"

# Hold what is served in a bucket of an object store that speaks S3, instead of on this machine's disk.
#[storage]
#bucket = "pypi-mirror"
# What all keys begin with. By default nothing.
#prefix = "mirror"
# The address of the store. By default that of AWS for the region; plain http needs allow-http.
#endpoint = "https://s3.example.org"
#region = "us-east-1"
# Where the bucket is named: in the "path", the default with an endpoint, or in the "host", the default without.
#address-style = "path"
# What lies in the bucket: "files", which is packages/, while pages stay on the disk, or "everything" below web/.
#hold = "files"
# The address under which readers find web/ of the bucket, or the CDN in front of it.
#public-url = "https://cdn.example.org/web"
# The file with the keys, and its section. By default the environment's AWS_ACCESS_KEY_ID, or the machine's role.
#credentials-file = "/etc/pep381client/s3-credentials"
#profile = "default"
# For so long no other machine takes over after this one was last heard of; false if there is no other.
#lease = "30m"

# Commands that a run starts at its end: one gets the changed paths on standard input, one the text of each alarm.
#[hooks]
#after-run = ["/usr/local/bin/purge-cdn"]
#on-alarm = ["/usr/local/bin/page-somebody", "--urgent"]
# They are ended after so many seconds.
#timeout-seconds = 600

# How much the mirror may hold, and how much of the disk stays free (by default 1 GiB, or 1 % of a small disk).
#[budget]
#size = "2TB"
#reserve = "50GB"
`;
