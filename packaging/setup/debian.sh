#!/bin/sh
# Installs what Mercury's build and tests need on Debian 12 or a current Ubuntu; does nothing if all of it is there.
# usage: debian.sh build|test|lint     (each includes the ones before it)
#        debian.sh targets             (build, and what `make targets` needs)
set -eu
level=${1:-build}
packages="build-essential cmake ninja-build ccache libboost1.81-dev nlohmann-json3-dev libspdlog-dev libcli11-dev systemtap-sdt-dev python3 python3-venv"
case $level in
  build) ;;
  test) packages="$packages libgtest-dev libgmock-dev gdb postgresql systemd systemd-container" ;;
  lint) packages="$packages libgtest-dev libgmock-dev gdb postgresql systemd systemd-container clang-14 clang-tidy-14 clang-format-14 libclang-rt-14-dev" ;;
  targets) packages="$packages file g++-mingw-w64-x86-64-posix qemu-user-static wine64 wine" ;;
  windows) packages="$packages g++-mingw-w64-x86-64-posix wine64 wine googletest" ;;
  *) echo "debian.sh: '$level' is not build, test, lint, targets or windows" >&2; exit 2 ;;
esac
# A browser for the tests of the HTML report. Ubuntu's package is a wrapper of a snap, which no container runs: there
# these tests are skipped unless MERCURY_CHROMIUM names one.
case $level in
  test | lint) ! grep -qx 'ID=debian' /etc/os-release 2>/dev/null || packages="$packages chromium" ;;
esac
missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null; then
  echo "debian.sh: this machine has no apt-get; please install the counterparts of:$missing" >&2
  exit 1
fi
as_root=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "debian.sh: please run as root, or install sudo, or install:$missing" >&2; exit 1; }
  as_root=sudo
fi
echo "installing:$missing"
$as_root apt-get update -qq
# The Boost of a newer Ubuntu has another number in its name; any from 1.81 on will do.
case $missing in
  *libboost1.81-dev*) apt-cache show libboost1.81-dev >/dev/null 2>&1 || missing=$(echo "$missing" | sed 's/libboost1.81-dev/libboost-dev/') ;;
esac
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
