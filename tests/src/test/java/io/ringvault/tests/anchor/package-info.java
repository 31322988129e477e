/**
 * Every freshness anchor under one contract, with the real thing behind it: a file, swtpm, three peers on Apache Ratis;
 * the policies and adoption under crashes; and the replay of every older image.
 */
package io.ringvault.tests.anchor;
