/**
 * The whole disk under one seed: several clients with requests in flight, the agents stepped one by one, a device that
 * completes in any order, an anchor, second openers, crashes. Same seed, same run, byte for byte.
 */
package io.ringvault.tests.sim;
