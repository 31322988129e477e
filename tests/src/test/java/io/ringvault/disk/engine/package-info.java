/** Looks into running engines, for the oracles of the system tests. */
package io.ringvault.disk.engine;
