#!/bin/busybox sh
# The guest's first process: loads modules, mounts the host's folders, runs the command, says how it ended.
/bin/busybox --install -s /bin
PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev

finish() {
    echo "status $1" >/dev/ttyS1
    echo b >/proc/sysrq-trigger
    sleep 60
}

# Everything but vfio needs no options; vfio-pci takes QEMU's controllers (1b36:0010) before nvme is loaded.
load() {
    while read -r file; do
        case $file in
            virtio* | 9p* | net* | fscache* | netfs*) group=first ;;
            *) group=second ;;
        esac
        [ "$group" = "$1" ] || continue
        options=
        case $file in
            vfio.ko) options=${vfio_options:-} ;;
            vfio-pci.ko) options=ids=1b36:0010 ;;
        esac
        # shellcheck disable=SC2086
        insmod "/modules/$file" $options || { echo "rig: cannot load $file"; finish 125; }
    done </modules/order
}

load first
plan9=trans=virtio,version=9p2000.L,msize=512000
mkdir -p /job
mount -t 9p -o $plan9,ro job /job || finish 125
# shellcheck disable=SC1091
. /job/settings
load second
mount -t 9p -o $plan9,ro,cache=loose root /lower || finish 125
for each in proc sys dev; do mount --move /$each /lower/$each || finish 125; done
mount -t tmpfs -o mode=755 run /lower/run
mkdir -p /lower/run/scratch /lower/dev/shm /lower/dev/pts
mount -t tmpfs shm /lower/dev/shm
mount -t devpts pts /lower/dev/pts
ln -sf /proc/self/fd /lower/dev/fd
cp /job/command /lower/run/command
if [ "$hugepages" -gt 0 ]; then
    echo "$hugepages" >/lower/proc/sys/vm/nr_hugepages
    mkdir -p /lower/dev/hugepages
    mount -t hugetlbfs huge /lower/dev/hugepages || finish 125
fi
if [ -n "$share" ]; then
    mount -t 9p -o $plan9,rw,cache=mmap share "/lower$share" || finish 125
fi
ip link set lo up
tries=0
port=
until [ -n "$port" ] || [ $tries -gt 100 ]; do
    tries=$((tries + 1))
    for each in /lower/dev/vport*p1; do [ ! -c "$each" ] || port=$each; done
    [ -n "$port" ] || sleep 0.05
done
[ -n "$port" ] || echo 'rig: the port for output is not there'
export HOME=/run/scratch TMPDIR=/run/scratch LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
/bin/chroot /lower /bin/bash /run/command </lower/dev/null >"$port" 2>&1
result=$?
# The names of /proc and /dev have moved with the mounts.
echo "status $result" >/lower/dev/ttyS1
echo b >/lower/proc/sysrq-trigger
/bin/busybox sleep 60
