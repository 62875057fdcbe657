#!/bin/sh
# Installs the programs beside this file, or goes back to the version that was there before.
set -eu
umask 022

usage='Usage: install.sh [--prefix DIR] [--back]

Installs the programs beside this file into DIR/lib/pep381client, with links in DIR/bin. Each
version has a folder of its own there: a run that is at work ends with the version it began with.
The previous version is kept.

Options:
  --prefix DIR   the folder to install below (default: /usr/local, or where this file is installed)
  --back         use the previous version again
  -h, --help     show this help and exit'
programs='pep381run pep381checkfiles processlogs'

fail() {
  echo "install.sh: error: $1" >&2
  exit "${2:-1}"
}

here=$(dirname "$(realpath "$0")")
prefix=/usr/local
of_dpkg=
back=
case $here in
  */lib/pep381client/package) prefix=${here%/lib/pep381client/package} of_dpkg=1 ;;
  */lib/pep381client/versions/*) prefix=${here%/lib/pep381client/versions/*} ;;
esac
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) [ $# -gt 1 ] || fail '--prefix needs a folder' 2; prefix=$2; shift ;;
    --prefix=*) prefix=${1#*=} ;;
    --back) back=1 ;;
    -h | --help) echo "$usage"; exit ;;
    *) echo "$usage" >&2; fail "unknown option $1" 2 ;;
  esac
  shift
done
lib=$prefix/lib/pep381client

# Makes the link $2 lead to $1, by one rename, whatever it was before.
link() {
  ln -sfn "$1" "$2.new"
  mv -fT "$2.new" "$2"
}
# Prints the name of the version that the link $1 leads to.
version() {
  [ ! -L "$lib/$1" ] || basename "$(readlink "$lib/$1")"
}
# Makes version $1 the current one, and the one that was it until now the previous one.
switch() {
  was=$(version current)
  [ "$was" != "$1" ] || return 0
  [ -z "$was" ] || link "versions/$was" "$lib/previous"
  link "versions/$1" "$lib/current"
}

if [ -n "$back" ]; then
  previous=$(version previous)
  [ -n "$previous" ] && [ -d "$lib/versions/$previous" ] || fail "$lib has no previous version"
  switch "$previous"
  echo "pep381client $previous is in use again, in place of $was."
  exit
fi

[ "$here" != "$(realpath -m "$lib")" ] || fail "$here is the folder to install into: run this file from another one"
# The same files have the same name.
number=$(sed 's/.*"version":"\([^"]*\)".*/\1/' "$here/package.json")
hash=$(cd "$here" && find . -type f | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum | cut -c 1-12)
name=$number-$hash

new=$lib/versions/.new
try=$(mktemp -d)
trap 'rm -rf "$new" "$try"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$lib/versions"
rm -rf "$new"
if [ -n "$of_dpkg" ]; then
  # dpkg never writes into a file, but replaces it: what is linked stays as it is.
  cp -al "$here" "$new" 2>/dev/null || { rm -rf "$new"; cp -a "$here" "$new"; }
else
  cp -R --preserve=timestamps "$here" "$new"
  chmod -R u=rwX,go=rX "$new"
fi

# Why the programs do not run here, as for want of a Node.js that fits, they say themselves.
mkdir -p "$try/target/web"
: >"$try/log"
"$new/processlogs" -q "$try/target" "$try/log" || fail 'nothing was changed, because the programs do not run here'
! command -v restorecon >/dev/null || restorecon -R "$lib"
sync -f "$new"

if ! diff -qr "$new" "$lib/versions/$name" >/dev/null 2>&1; then
  rm -rf "$lib/versions/$name.damaged"
  [ ! -e "$lib/versions/$name" ] || mv -T "$lib/versions/$name" "$lib/versions/$name.damaged"
  mv -T "$new" "$lib/versions/$name"
fi
switch "$name"
for program in $programs pep381sync.cgi install.sh; do link "current/$program" "$lib/$program"; done
previous=$(version previous)

# A run that began with an even older version has its addon mapped, and may load more of it.
for path in "$lib/versions"/*; do
  case ${path##*/} in "$name" | "$previous") continue ;; esac
  grep -qsF "$(realpath "$path")/" /proc/[0-9]*/maps || rm -rf "$path"
done
[ -z "$of_dpkg" ] || exit 0

mkdir -p "$prefix/bin"
for program in $programs; do link "../lib/pep381client/$program" "$prefix/bin/$program"; done
for page in "$lib/current/man"/*.[1-9]; do
  [ -e "$page" ] || continue
  folder=$prefix/share/man/man${page##*.}
  mkdir -p "$folder"
  link "../../../lib/pep381client/current/man/${page##*/}" "$folder/${page##*/}"
done
echo "pep381client $name is installed in $lib, with links in $prefix/bin."
[ -z "$previous" ] || echo "The previous version, $previous, is kept. To use it again: $lib/install.sh --back"
