/** The index: memtable, sorted tables, compaction. */
module io.ringvault.lsm {
    requires transitive io.ringvault.log;

    exports io.ringvault.lsm;
}
