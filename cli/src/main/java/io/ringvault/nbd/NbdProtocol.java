package io.ringvault.nbd;

/**
 * Numbers of the NBD protocol (doc/proto.md of the NBD project, sections "Protocol phases" and "Values"). All
 * integers on the wire are big-endian.
 */
final class NbdProtocol {
    /** "NBDMAGIC". */
    static final long INIT_MAGIC = 0x4e42444d41474943L;
    /** "IHAVEOPT". */
    static final long OPTION_MAGIC = 0x49484156454F5054L;
    static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    static final int REQUEST_MAGIC = 0x25609513;
    static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    static final int STRUCTURED_REPLY_MAGIC = 0x668e33ef;

    /** Handshake flags of the server, and the same bits of the client. */
    static final int FLAG_FIXED_NEWSTYLE = 1;
    static final int FLAG_NO_ZEROES = 2;

    static final int OPT_EXPORT_NAME = 1;
    static final int OPT_ABORT = 2;
    static final int OPT_LIST = 3;
    static final int OPT_STARTTLS = 5;
    static final int OPT_INFO = 6;
    static final int OPT_GO = 7;
    static final int OPT_STRUCTURED_REPLY = 8;

    static final int REP_ACK = 1;
    static final int REP_SERVER = 2;
    static final int REP_INFO = 3;
    static final int REP_ERR_UNSUP = 1 << 31 | 1;
    static final int REP_ERR_INVALID = 1 << 31 | 3;
    static final int REP_ERR_UNKNOWN = 1 << 31 | 6;
    static final int REP_ERR_TOO_BIG = 1 << 31 | 9;

    static final int INFO_EXPORT = 0;
    static final int INFO_NAME = 1;
    static final int INFO_DESCRIPTION = 2;
    static final int INFO_BLOCK_SIZE = 3;

    /** Transmission flags. */
    static final int HAS_FLAGS = 1;
    static final int READ_ONLY = 1 << 1;
    static final int SEND_FLUSH = 1 << 2;
    static final int SEND_FUA = 1 << 3;
    static final int SEND_TRIM = 1 << 5;
    static final int SEND_WRITE_ZEROES = 1 << 6;
    static final int SEND_DF = 1 << 7;
    static final int CAN_MULTI_CONN = 1 << 8;

    static final int CMD_READ = 0;
    static final int CMD_WRITE = 1;
    static final int CMD_DISC = 2;
    static final int CMD_FLUSH = 3;
    static final int CMD_TRIM = 4;
    static final int CMD_CACHE = 5;
    static final int CMD_WRITE_ZEROES = 6;

    static final int CMD_FLAG_FUA = 1;
    static final int CMD_FLAG_NO_HOLE = 1 << 1;
    static final int CMD_FLAG_DF = 1 << 2;
    static final int CMD_FLAG_FAST_ZERO = 1 << 4;

    static final int REPLY_FLAG_DONE = 1;
    static final int REPLY_NONE = 0;
    static final int REPLY_OFFSET_DATA = 1;
    static final int REPLY_ERROR = 1 << 15 | 1;
    static final int REPLY_ERROR_OFFSET = 1 << 15 | 2;

    static final int REQUEST_BYTES = 28;
    static final int OPTION_HEADER_BYTES = 16;
    static final int SIMPLE_REPLY_BYTES = 16;
    static final int CHUNK_HEADER_BYTES = 20;

    /** The largest payload of one request, as advertised. */
    static final int MAX_REQUEST_BYTES = 32 << 20;
    static final int PREFERRED_BLOCK_BYTES = 4096;

    private NbdProtocol() {
    }
}
