/**
 * Somebody changes the medium, swaps whole images, or answers reads as they please: right data or a typed error, never
 * anything else.
 */
package io.ringvault.tests.adversary;
