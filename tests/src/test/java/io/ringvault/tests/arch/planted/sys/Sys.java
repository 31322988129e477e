package io.ringvault.tests.arch.planted.sys;

/** A lawful class of the native layer. */
public final class Sys {
}
