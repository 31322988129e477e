#!/usr/bin/env bash
# bind.sh 0000:BB:DD.F vfio-pci|nvme: hands a PCI function from the driver that it has to another. In the guest only.
set -euo pipefail
device=/sys/bus/pci/devices/$1
if [ -e "$device/driver" ]; then echo "$1" >"$device/driver/unbind"; fi
echo "$2" >"$device/driver_override"
echo "$1" >/sys/bus/pci/drivers_probe
now=$(basename "$(readlink "$device/driver" || echo none)")
[ "$now" = "$2" ] || { echo "bind.sh: $1 is bound to $now, not to $2" >&2; exit 1; }
