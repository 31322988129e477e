#!/usr/bin/env bash
# Boots a small QEMU guest with an emulated IOMMU and runs one command in it, as root.
#
#   guest.sh [options] -- COMMAND [ARGUMENT...]
#   guest.sh --prepare              fetches the kernel and builds the start image, nothing else
#
#   --log DIR        where console, qemu.err, out, exit and qemu.pid are left          [a temporary folder]
#   --share DIR      a host folder that the guest may write, under the same path       [none]
#   --qemu ARG       one more argument for QEMU; repeatable. Every NVMe controller among them is on vfio-pci
#                    when COMMAND starts; RIG_MODULES is a folder for modprobe -d in it
#   --linux DIR      another kernel, laid out as README.md says                        [Debian's, fetched once]
#   --iommu KIND     intel (an emulated Intel IOMMU), or none: VFIO's no-IOMMU mode    [intel]
#   --hugepages N    2 MiB pages to reserve, on /dev/hugepages                         [0]
#   --memory SIZE    of the guest                                                      [1536M]
#   --expect TEXT    a complaint of QEMU or the kernel that belongs to the run (a regular expression); repeatable
#   --timeout SEC    for the whole run                                                 [240]
#
# The guest sees this machine's / read-only under the same paths (9p), with a scratch folder at /run/scratch.
# COMMAND's output arrives on stdout, and while it runs in DIR/out.
# Exit: COMMAND's status; 77 what is needed is not here (why: on stderr); 124 too slow; 125 the guest died without a
# status; 126 COMMAND succeeded but the IOMMU or QEMU complained (a DMA fault is visible nowhere else).
set -euo pipefail

rig=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
cache=${RINGVAULT_RIG_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/ringvault-rig}
PATH=$PATH:/usr/sbin:/sbin

absent() { printf 'rig: %s\n' "$*" >&2; exit 77; }
broken() { printf 'rig: %s\n' "$*" >&2; exit 125; }

log='' share='' linux='' iommu=intel hugepages=0 memory=1536M limit=240 prepare=no
extra=()
expected=('terminating on signal')
while [ $# -gt 0 ]; do
    case $1 in
        --prepare) prepare=yes; shift; continue ;;
        --) shift; break ;;
        -h | --help) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    esac
    [ $# -ge 2 ] || broken "$1 needs a value, or is unknown; see --help"
    case $1 in
        --log) log=$2 ;;
        --share) share=$(realpath "$2") ;;
        --qemu) extra+=("$2") ;;
        --linux) linux=$(realpath "$2") ;;
        --iommu) iommu=$2 ;;
        --hugepages) hugepages=$2 ;;
        --memory) memory=$2 ;;
        --expect) expected+=("$2") ;;
        --timeout) limit=$2 ;;
        *) broken "unknown option $1; see --help" ;;
    esac
    shift 2
done
[ "$prepare" = yes ] || [ $# -gt 0 ] || broken 'no command; see --help'

[ -n "$linux" ] || linux=$cache/linux

# --- what the machine must have ---------------------------------------------------------------------------------------
for tool in qemu-system-x86_64:qemu-system-x86 cpio:cpio modprobe:kmod xz:xz-utils busybox:busybox-static \
    dpkg-deb:dpkg; do
    command -v "${tool%%:*}" >/dev/null || absent "'${tool%%:*}' is not installed (apt-get install ${tool##*:})"
done
[ "$(uname -m)" = x86_64 ] || absent "the guest needs an x86_64 host, not $(uname -m)"
busybox=$(command -v busybox)
if ldd "$busybox" >/dev/null 2>&1; then
    absent "$busybox is not a static program (apt-get install busybox-static)"
fi
mkdir -p "$cache" || absent "$cache cannot be made; name another folder in RINGVAULT_RIG_CACHE"

# --- kernel and start image, once -------------------------------------------------------------------------------------
fetch_kernel() {
    command -v apt-get >/dev/null || absent 'no apt-get to fetch a guest kernel with'
    local package work=$cache/work bzimage offset
    package=$(apt-cache depends linux-image-amd64 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }')
    if [ -z "$package" ] && [ "$(id -u)" -eq 0 ]; then
        timeout 180 apt-get -qq update >/dev/null 2>&1 || true
        package=$(apt-cache depends linux-image-amd64 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }')
    fi
    [ -n "$package" ] || absent 'no package linux-image-amd64 is known here (apt-get update?)'
    rm -rf "$work"
    mkdir -p "$work/deb"
    printf 'rig: fetching %s into %s\n' "$package" "$cache" >&2
    (cd "$work/deb" && timeout 400 apt-get -qq -o APT::Sandbox::User=root download "$package") >&2 \
        || absent "$package could not be downloaded"
    dpkg-deb -x "$work"/deb/*.deb "$work/tree"
    dpkg-deb -f "$work"/deb/*.deb Version >"$work/version"
    ls "$work/tree/lib/modules" >"$work/release"
    depmod -b "$work/tree" "$(cat "$work/release")"
    # A plain ELF kernel starts at once; a compressed one first unpacks itself on the emulated processor.
    bzimage=$(echo "$work"/tree/boot/vmlinuz-*)
    cp "$bzimage" "$work/kernel"
    for offset in $(LC_ALL=C grep -abo $'\xfd7zXZ' "$bzimage" | cut -d: -f1); do
        tail -c +$((offset + 1)) "$bzimage" | xz -dcq 2>/dev/null >"$work/elf" || true
        if [ "$(head -c 4 "$work/elf" | od -An -tx1 | tr -d ' ')" = 7f454c46 ]; then
            mv "$work/elf" "$work/kernel"
            break
        fi
    done
    rm -rf "$work/deb" "$work/elf" "$linux"
    mv "$work" "$linux"
}

# Modules in the order in which they can be loaded, each once.
load_order() {
    local module
    for module in "$@"; do
        modprobe -d "$linux/tree" -S "$release" --show-depends "$module" | awk '$1 == "insmod" { print $2 }'
    done | awk '!seen[$0]++'
}

build_image() {
    local work file name
    work=$(mktemp -d "$cache/image.XXXXXX")
    mkdir -p "$work"/{bin,proc,sys,dev,lower,modules}
    cp "$busybox" "$work/bin/busybox"
    cp "$rig/init.sh" "$work/init"
    chmod 755 "$work/init"
    load_order virtio_pci virtio_console 9p 9pnet_virtio vfio_iommu_type1 vfio-pci nvme | while read -r file; do
        cp "$file" "$work/modules/"
        name=$(basename "$file")
        case $name in
            *.xz) xz -d "$work/modules/$name" ;;
            *.zst) zstd -q --rm -d "$work/modules/$name" ;;
        esac
        name=${name%.xz}
        echo "${name%.zst}" >>"$work/modules/order"
    done
    [ "$iommu" = intel ] || cp "$linux/vfio-noiommu.ko" "$work/modules/vfio.ko"
    (cd "$work" && find . | cpio --quiet -o -H newc) >"$image.new"
    rm -rf "$work"
    mv "$image.new" "$image"
}

# Debian's kernel is built without no-IOMMU mode, which concerns one module: that is built again with it.
build_noiommu_module() {
    local version work source
    version=$(cat "$linux/version")
    work=$(mktemp -d "$cache/vfio.XXXXXX")
    [ "$(id -u)" -eq 0 ] || absent 'no-IOMMU mode needs a rebuilt vfio.ko, and only root can install the headers for it'
    {
        DEBIAN_FRONTEND=noninteractive timeout 600 apt-get -qq install -y --no-install-recommends make gcc-12 \
            "linux-headers-$release=$version" \
            && (cd "$work" && timeout 900 apt-get -qq -o APT::Sandbox::User=root download \
                "linux-source-${release%.*-*}=$version")
    } >&2 || absent "headers and source of Linux $release could not be fetched"
    dpkg-deb -x "$work"/*.deb "$work/package"
    source=$(echo "$work"/package/usr/src/linux-source-*.tar.xz)
    tar -C "$work" -xJf "$source" "$(basename "$source" .tar.xz)/drivers/vfio"
    mv "$work"/linux-source-*/drivers/vfio "$work/vfio"
    cat >"$work/vfio/Makefile" <<'MAKE'
ccflags-y += -DCONFIG_VFIO_NOIOMMU=1
obj-m := vfio.o
vfio-y := vfio_main.o iova_bitmap.o container.o
MAKE
    make -C "/usr/src/linux-headers-$release" M="$work/vfio" modules >&2 || absent 'vfio.ko could not be built'
    strip -g "$work/vfio/vfio.ko"
    mv "$work/vfio/vfio.ko" "$linux/vfio-noiommu.ko"
    rm -rf "$work"
}

exec 8>"$cache/lock"
flock 8
if [ ! -s "$linux/kernel" ]; then
    [ "$linux" = "$cache/linux" ] || absent "there is no $linux/kernel"
    fetch_kernel
fi
release=$(cat "$linux/release")
if [ "$iommu" != intel ] && [ ! -s "$linux/vfio-noiommu.ko" ]; then build_noiommu_module; fi
image=$cache/start-$iommu-$({ cat "$rig/init.sh" "$0"; echo "$release"; } | sha256sum | cut -c1-12)
[ -s "$image" ] || build_image
flock -u 8
exec 8>&-
[ "$prepare" = no ] || exit 0

# --- this run ---------------------------------------------------------------------------------------------------------
scratch=''
if [ -z "$log" ]; then
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/rig.XXXXXX")
    log=$scratch
fi
trap '[ -z "$scratch" ] || rm -rf "$scratch"' EXIT
log=$(realpath "$log")
mkdir -p "$log/job"
rm -f "$log"/{console,qemu.err,out,exit,qemu.pid}
{
    printf 'share=%q\nhugepages=%q\n' "$share" "$hugepages"
    [ "$iommu" = intel ] || echo 'vfio_options=enable_unsafe_noiommu_mode=1'
} >"$log/job/settings"
{
    printf 'export RIG_MODULES=%q\n' "$linux/tree"
    printf 'cd %q\nexec' "$PWD"
    printf ' %q' "$@"
    echo
} >"$log/job/command"

# On a busy host the emulated timer can be too late for the kernel's test of it, which ends in a panic.
command_line='console=ttyS0 loglevel=4 panic=-1 mitigations=off nokaslr random.trust_cpu=on tsc=reliable no_timer_check'
machine=(-machine q35,smbus=off,sata=off -cpu max -smp 1 -m "$memory" -accel tcg,thread=multi
    -nodefaults -no-user-config -display none -no-reboot -pidfile "$log/qemu.pid")
if [ "$iommu" = intel ]; then
    # Without interrupt remapping VFIO refuses the device.
    machine+=(-device intel-iommu,intremap=on,caching-mode=on)
    command_line+=' intel_iommu=on iommu=pt'
fi
folder() { # ID PATH READONLY
    machine+=(-fsdev "local,id=$1,path=$2,security_model=none,readonly=$3,multidevs=remap"
        -device "virtio-9p-pci,fsdev=$1,mount_tag=$1")
}
folder root / on
folder job "$log/job" on
[ -z "$share" ] || folder share "$share" off
machine+=(-kernel "$linux/kernel" -initrd "$image" -append "$command_line"
    -serial "file:$log/console" -serial "file:$log/exit"
    -device virtio-serial-pci -chardev "file,id=out,path=$log/out" -device virtserialport,chardev=out,name=out)

status=0
timeout --kill-after=5 "$limit" qemu-system-x86_64 "${machine[@]}" ${extra[@]+"${extra[@]}"} \
    </dev/null 2>"$log/qemu.err" || status=$?
[ ! -e "$log/out" ] || cat "$log/out"
result=$(sed -n 's/^status \([0-9][0-9]*\).*/\1/p' "$log/exit" 2>/dev/null | head -n 1)
complaints=$(
    {
        cat "$log/qemu.err"
        grep -aE 'DMAR: \[|[Ff]ault addr|vfio.*fault|AER:|Kernel panic|Oops|BUG:' "$log/console" || true
    } | grep -vE "$(printf '%s|' "${expected[@]}")^\$" || true
)
[ -z "$complaints" ] || printf 'rig: %s\n' "$complaints" >&2
if [ -z "$result" ]; then
    tail -n 20 "$log/console" >&2 2>/dev/null || true
    if [ "$status" -eq 124 ] || [ "$status" -eq 137 ] && [ "$limit" -gt 0 ] && [ ! -e "$log/killed" ]; then
        printf 'rig: no end within %s s\n' "$limit" >&2
        exit 124
    fi
    broken "the guest ended without a status (QEMU: $status)"
fi
if [ "$result" -eq 0 ] && [ -n "$complaints" ]; then exit 126; fi
exit "$result"
