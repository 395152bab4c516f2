#!/bin/sh
# dependencies.sh: looks for the Debian packages that the named groups need and installs what is missing.
# usage: scripts/dependencies.sh build|test|bench|fuzz|firmware ...
# Works offline when everything is there; without rights it prints the one line to run.
set -eu

build="gcc libp11-kit-dev meson ninja-build pkg-config libssl-dev libfreediameter-dev libmicrohttpd-dev libcurl4-openssl-dev
  libxml2-dev libyaml-dev libjansson-dev libsqlite3-dev liblmdb-dev libpcsclite-dev libcbor-dev libcmocka-dev
  libqmi-glib-dev libmbim-glib-dev"
firmware="meson ninja-build python3 gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm"
test="binutils gnutls-bin libengine-pkcs11-openssl openjdk-17-jdk-headless
  valgrind python3 python3-pytest python3-cryptography pcscd vsmartcard-vpcd opensc pcsc-tools tshark curl openssl
  libxml2-utils util-linux iproute2"
bench="softhsm2 python3 libosmocore-dev pcscd vsmartcard-vpcd opensc util-linux iproute2"
fuzz="clang libclang-rt-14-dev"

wanted=
for group in "$@"; do
    case $group in
    build) wanted="$wanted $build" ;;
    test) wanted="$wanted $test $firmware" ;;
    bench) wanted="$wanted $bench" ;;
    fuzz) wanted="$wanted $fuzz" ;;
    firmware) wanted="$wanted $firmware" ;;
    *)
        echo "dependencies.sh: no group '$group': use build, test, bench, fuzz or firmware" >&2
        exit 2
        ;;
    esac
done

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root=sudo
else
    echo "missing packages; run: sudo apt-get install -y$missing" >&2
    exit 1
fi

echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # the lists are meant to be split
if ! $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1; then
    $as_root apt-get update -qq
    $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
