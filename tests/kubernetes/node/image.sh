#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a container image of local programs, with the shared libraries that they need, and no shell.
#   usage: image.sh FILE NAME:TAG [-e VARIABLE=VALUE]... PROGRAM...
# FILE is the archive to write; each PROGRAM goes to /bin, and the first one is the entry point.
set -euo pipefail
archive=$1 name=$2
shift 2
variables=('"PATH=/bin"')
while [ "$1" = -e ]; do
  variables+=("\"$2\"")
  shift 2
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{bin,tmp,dev,proc,sys}
chmod 1777 "$root/tmp"
for program in "$@"; do
  install -D -s -m 755 "$program" "$root/bin/$(basename "$program")" # stripped
  { ldd "$program" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r library; do
    [ -e "$root$library" ] || install -D -m 755 "$library" "$root$library"
  done || true # a static program needs none
done

# The same files give the same image.
pack() { tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 "$@"; }
pack -C "$root" -cf "$work/layer.tar" .
cat >"$work/config.json" <<END
{"architecture": "$(dpkg --print-architecture)", "os": "linux",
 "config": {"Entrypoint": ["/bin/$(basename "$1")"], "Env": [$(IFS=,; echo "${variables[*]}")], "WorkingDir": "/"},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$(sha256sum <"$work/layer.tar" | cut -d' ' -f1)"]}}
END
echo "[{\"Config\": \"config.json\", \"RepoTags\": [\"$name\"], \"Layers\": [\"layer.tar\"]}]" >"$work/manifest.json"
pack -C "$work" -cf "$archive" manifest.json config.json layer.tar
