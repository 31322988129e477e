package io.ringvault.tests.arch.planted.disk;

/** A lawful class of the disk. */
public final class Disk {
}
