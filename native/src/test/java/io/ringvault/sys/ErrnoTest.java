package io.ringvault.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ErrnoTest {

    @Test
    void shouldNameWhatIsKnownAndNumberTheRest() {
        assertEquals("EACCES", Errno.name(Errno.EACCES));
        assertEquals("permission denied", Errno.meaning(Errno.EACCES));
        assertEquals("errno 4000", Errno.name(4000));
        assertEquals("", Errno.meaning(4000));
    }

    @Test
    void shouldComposeAMessageWithoutErrno() {
        final NativeIoException eof = new NativeIoException("pread", "/x", 0, "ends early");
        assertEquals("pread /x (ends early)", eof.getMessage());
        assertEquals("EOF", eof.errnoName());
    }
}
