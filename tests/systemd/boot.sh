#!/usr/bin/env bash
# Boots the machine's own systemd as PID 1 of a container and runs one command under it.
#
# usage: boot.sh OUT COMMAND…       as root; needs systemd-nspawn, overlayfs and a cgroup v2 hierarchy
#
#   /          an overlay: this machine's files, and a RAM disk for what is written; it is gone afterwards
#   /out       the directory OUT, for what the command has to tell
#   $GUEST_SEES    directories on other file systems, which an overlay of / does not show, divided by colons; read-only
#   cgroups    a group of its own, removed at the end
#   network    none; host services (whatever /etc/systemd/system wants) are not started
#
# The command's output is the output here, and its exit code is the exit code; 255 if the container did not come up, 137
# if it did not end within $GUEST_DEADLINE_S.
set -euo pipefail
out=$(realpath "$1"); shift
rm -f "$out"/{console,output}
name=mercury-$$
v2=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
# Where cgroups are of the first version, systemd has a hierarchy without controllers besides.
v1=/sys/fs/cgroup/systemd
groups=("$v2/$name")
[ "$v1" = "$v2" ] || ! mountpoint -q "$v1" || groups+=("$v1/$name")

# Whatever is still in our groups is of this boot: a guest outlives a systemd-nspawn that was killed.
processes() { find "${groups[@]}" -name cgroup.procs -exec cat {} + 2>/dev/null || true; }
clean_up() {
  processes | xargs -r kill -KILL 2>/dev/null || true
  for group in "${groups[@]}"; do
    # It can be removed when its last process has been waited for, which may be a moment after the end.
    for _ in $(seq 100); do
      find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break
      sleep 0.05
    done
  done
}
trap clean_up EXIT
mkdir "${groups[@]}"

# Mounts of its own from here on: nothing below is seen outside, and all of it ends with the last process.
boot() {
  for group in "${groups[@]}"; do echo $BASHPID >"$group/cgroup.procs"; done
  exec unshare --mount --propagation private bash -euo pipefail -c '
    out=$1; name=$2; shift 2
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir /run/box; mount -t tmpfs -o mode=755 tmpfs /run/box; mkdir /run/box/{upper,work,root}
    root=/run/box/root
    mount -t overlay -o lowerdir=/,upperdir=/run/box/upper,workdir=/run/box/work overlay "$root"
    rm -f "$root/.dockerenv"; : >"$root/etc/machine-id"
    rm -rf "$root"/etc/systemd/system/*.{wants,requires}
    mkdir -p "$root/out" "$root/etc/systemd/system"
    printf "%q " "$@" >"$root/etc/mercury-guest"
    cat >"$root/etc/systemd/system/guest.target" <<UNIT
[Unit]
Requires=basic.target
Wants=guest.service
After=basic.target
UNIT
    cat >"$root/etc/systemd/system/guest.service" <<UNIT
[Unit]
After=basic.target
[Service]
Type=exec
ExecStart=/bin/bash -c "bash /etc/mercury-guest >/out/output 2>&1; systemctl exit --force --no-block \$\$?"
UNIT
    binds=(); IFS=: read -ra seen <<<"${GUEST_SEES:-}"
    for place in "${seen[@]}"; do binds+=("--bind-ro=$place"); done
    export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
    exec timeout --signal=KILL "${GUEST_DEADLINE_S:-120}" systemd-nspawn --quiet --register=no --keep-unit --private-network \
      --link-journal=no --console=pipe --machine="$name" --bind="$out:/out" "${binds[@]}" --directory="$root" --boot \
      systemd.unit=guest.target systemd.show_status=0
  ' _ "$out" "$name" "$@"
}
code=0
boot "$@" >"$out/console" 2>&1 </dev/null & wait $! || code=$?
[ -e "$out/output" ] || { cat "$out/console" >&2; exit 255; }
cat "$out/output"
exit "$code"
