/**
 * Format, open, recover, verify and info: plain synchronous functions over a block store, run by the control plane
 * before any agent starts. They are a pure function of the image and the anchor until they have decided, and write
 * nothing to a volume that they refuse.
 */
package io.ringvault.disk.volume;
