/** Fuzzers of parsers that are not public: they lie in the parsers' package, on the class path of the tests only. */
package io.ringvault.log;
