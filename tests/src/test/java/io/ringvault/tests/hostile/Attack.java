package io.ringvault.tests.hostile;

/** What the adversary behind a {@link HostileTransport} may do; tests count them. */
enum Attack {
    /** A register reads as something else, once. */
    REGISTER,
    /** A completion entry gets a random field. */
    COMPLETION_FIELD,
    /** A completion is invented with the phase that the driver waits for. */
    COMPLETION_INVENTED,
    /** An old completion is written again over a new place. */
    COMPLETION_REPEATED,
    /** A status other than success, retryable or not. */
    STATUS,
    /** Bytes of any DMA memory change: rings, lists, Identify data, blocks. */
    MEMORY,
    /** The block that the newest command moves changes, just before or just after it is moved. */
    DATA,
    /** The newest command itself changes before it is carried out: another place, another opcode, other memory. */
    COMMAND,
    /** A page of DMA memory is overwritten by another one. */
    PAGE,
    /** The controller does nothing for a while, or ever. */
    SILENCE,
    /** An answer to Identify says something absurd: of the controller, a namespace, or which of them there are. */
    IDENTIFY,
    /** So does a log page: SMART, errors, firmware slots, changed namespaces. */
    LOG_PAGE,
    /** An event index or a shadow doorbell holds nonsense. */
    EVENT_INDEX,
    /** Asynchronous events of all types by the dozen, with log pages that there are and that there are not. */
    EVENT_STORM,
    /** The namespaces shrink, grow, change their block size or identity, or go, told or not. */
    NAMESPACE
}
