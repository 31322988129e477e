package io.ringvault.torture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class WorkerRecordTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    @Test
    void shouldReturnWhatWasSentAndThenTheEnd() throws IOException {
        final WorkerRecord first = new WorkerRecord(WorkerRecord.WRITE, 15, false, 2048, 1L << 33, 1L << 40);
        final WorkerRecord second = new WorkerRecord(WorkerRecord.END, 0, true, 0, 7, 0);
        first.send(out);
        second.send(out);
        final ByteArrayInputStream in = new ByteArrayInputStream(out.toByteArray());
        assertEquals(first, WorkerRecord.receive(in));
        assertEquals(second, WorkerRecord.receive(in));
        assertNull(WorkerRecord.receive(in));
    }

    @Test
    void shouldRefuseHalfARecordAndWhatIsNone() throws IOException {
        new WorkerRecord(WorkerRecord.READY, 0, false, 0, 0, 0).send(out);
        final byte[] bytes = out.toByteArray();
        assertThrows(EOFException.class, () ->
            WorkerRecord.receive(new ByteArrayInputStream(bytes, 0, WorkerRecord.BYTES - 1)));
        bytes[0] = 77;
        assertThrows(IOException.class, () -> WorkerRecord.receive(new ByteArrayInputStream(bytes)));
    }
}
