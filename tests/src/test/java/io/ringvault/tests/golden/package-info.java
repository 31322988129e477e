/**
 * Images of every format version, made once and kept: each later build must open them, read-only and for writing, and
 * find what was written then. {@link io.ringvault.tests.golden.GoldenImages} made them; a new format version adds its
 * own and changes none.
 */
package io.ringvault.tests.golden;
