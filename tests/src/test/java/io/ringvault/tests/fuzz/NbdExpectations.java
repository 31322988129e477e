package io.ringvault.tests.fuzz;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a server has to answer to one NBD conversation, from the protocol's text: each option by one acknowledgement or
 * error, each request by exactly one answer, an error where it is impossible. As soon as the client lied about a length
 * or a magic number, the server may hang up; what it said until then is not looked at any more. One thread.
 */
final class NbdExpectations {
    private static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    private static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    private static final int CHUNK_MAGIC = 0x668e33ef;
    private static final int LARGEST_REQUEST = 32 << 20;

    private record Option(int kind, boolean sound) {
    }

    private record Request(int type, long offset, long length, boolean possible) {
    }

    private final List<Option> options = new ArrayList<>();
    private final Map<Long, Request> requests = new LinkedHashMap<>();
    private int flags;
    private boolean lied;
    private long nextCookie = 0x7700_0000_0000_0001L;

    /** The client says something no server can follow; a value to be wrong with. */
    long lie() {
        lied = true;
        return 7;
    }

    /** Whether it did. */
    boolean lied() {
        return lied;
    }

    void clientFlags(final int value) {
        flags = value;
        lied |= (value & ~3) != 0;
    }

    void option(final int kind, final boolean sound) {
        options.add(new Option(kind, sound));
    }

    /** Remembers a request; its cookie. */
    long request(final int type, final int commandFlags, final long offset, final long length, final long sizeBytes) {
        final boolean inside = offset >= 0 && offset <= sizeBytes && length <= sizeBytes - offset;
        final boolean possible = switch (type) {
            case 0 -> inside && length <= LARGEST_REQUEST && (commandFlags & ~5) == 0;
            case 1 -> inside && length <= LARGEST_REQUEST && (commandFlags & ~1) == 0;
            case 3 -> offset == 0 && length == 0 && (commandFlags & ~1) == 0;
            case 4 -> inside && (commandFlags & ~1) == 0;
            case 6 -> inside && (commandFlags & ~3) == 0;
            default -> false;
        };
        requests.put(nextCookie, new Request(type, offset, length, possible && (type != 0 || commandFlags < 4)));
        lied |= type == 0 && commandFlags >= 4; // what may not be fragmented depends on what was negotiated
        return nextCookie++;
    }

    /** Reads all that the server said; {@code complete} when the client waited for its end. */
    String check(final ByteBuffer said, final boolean complete) {
        if (lied || !complete) {
            return lied ? "lied" : "left";
        }
        require(said.remaining() >= 18, "no greeting: " + said.remaining() + " bytes");
        said.position(18);
        boolean structured = false;
        for (final Option option : options) {
            if (option.kind() == 1) {
                require(said.remaining() >= 10, "no answer to the export name");
                said.position(said.position() + ((flags & 2) == 0 ? 134 : 10));
                return transmission(said, structured);
            }
            final int outcome = optionAnswer(said, option);
            require(option.kind() != 7 || outcome == 1, "GO refused");
            require(option.kind() != 8 || !option.sound() || outcome == 1, "structured replies refused");
            structured |= option.kind() == 8 && outcome == 1;
            if (option.kind() == 7) {
                return transmission(said, structured);
            }
            if (option.kind() == 2) {
                require(!said.hasRemaining(), "more after an abort");
                return "aborted";
            }
        }
        require(requests.isEmpty() || !said.hasRemaining(), "answers without a transmission");
        return "handshake";
    }

    private static int optionAnswer(final ByteBuffer said, final Option option) {
        while (true) {
            require(said.remaining() >= 20, "option " + option + " has no answer");
            final long magic = said.getLong();
            final int kind = said.getInt();
            final int type = said.getInt();
            final int length = said.getInt();
            require(magic == OPTION_REPLY_MAGIC && kind == option.kind(), "answer to option " + kind + " for "
                + option);
            require(length >= 0 && length <= said.remaining(), "an option's answer of " + length + " bytes");
            said.position(said.position() + length);
            if (type < 0 || type == 1) {
                return type;
            }
        }
    }

    private String transmission(final ByteBuffer said, final boolean structured) {
        while (said.hasRemaining()) {
            answer(said, structured);
        }
        require(requests.isEmpty(), "no answer to " + requests.values());
        return "served";
    }

    private void answer(final ByteBuffer said, final boolean structured) {
        final int magic = said.getInt();
        if (magic == SIMPLE_REPLY_MAGIC) {
            final int error = said.getInt();
            final Request request = requests.remove(said.getLong());
            require(request != null, "an answer to nothing");
            require(!structured || request.type() != 0, "a simple answer to a read although chunks were agreed on");
            judge(request, error);
            if (request.type() == 0 && error == 0) {
                said.position(said.position() + (int) request.length());
            }
            return;
        }
        require(magic == CHUNK_MAGIC && structured, String.format("an answer that begins with %08x", magic));
        final boolean last = (said.getShort() & 1) != 0;
        final int type = said.getShort() & 0xFFFF;
        final long cookie = said.getLong();
        final int length = said.getInt();
        final Request request = last ? requests.remove(cookie) : requests.get(cookie);
        require(request != null && request.type() == 0, "a chunk for nothing");
        require(length >= 0 && length <= said.remaining(), "a chunk of " + length + " bytes");
        judge(request, type >= 32768 ? said.getInt(said.position()) : 0);
        if (type == 1) {
            final long at = said.getLong(said.position()) - request.offset();
            require(at >= 0 && at + length - 8 <= request.length(), "data beside what was asked for");
        }
        said.position(said.position() + length);
    }

    private static void judge(final Request request, final int error) {
        require(request.possible() == (error == 0), request + " was answered with " + error);
    }

    private static void require(final boolean condition, final String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }
}
