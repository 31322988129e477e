/** Looks into volumes at rest, for the oracles of the system tests. */
package io.ringvault.disk.volume;
