/**
 * What must hold in every state of a volume, whatever was done to it: one small class for each invariant, each with a
 * test that shows that it can fail.
 */
package io.ringvault.tests.oracle;
