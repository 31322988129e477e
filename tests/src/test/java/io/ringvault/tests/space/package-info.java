/** Volumes at 100 % of their capacity, overwritten again and again: no hang, no growth, nothing lost. */
package io.ringvault.tests.space;
