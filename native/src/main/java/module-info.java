/** The only module with native access: libc through the Foreign Function &amp; Memory API. */
module io.ringvault.sys {
    exports io.ringvault.sys;
}
