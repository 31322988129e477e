/**
 * What every system test stands on: the disk under test behind one small interface, scripts of operations with a text
 * form,
 * the runner that keeps the history, and a toy disk with switchable defects on which the checkers themselves are
 * tested.
 */
package io.ringvault.tests.harness;
