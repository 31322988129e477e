/** SIGKILL at random moments against a real process, and the whole volume afterwards. */
package io.ringvault.tests.kill;
