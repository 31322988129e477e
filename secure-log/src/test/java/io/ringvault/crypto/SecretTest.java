package io.ringvault.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SecretTest {

    @Test
    void shouldKeepEverySecretApartWhileManyComeAndGo() {
        Seeds.run(random -> {
            final List<Secret> secrets = new ArrayList<>();
            final List<byte[]> model = new ArrayList<>();
            for (int i = 0; i < 2000; i++) {
                if (!secrets.isEmpty() && random.nextInt(3) == 0) {
                    final int at = random.nextInt(secrets.size());
                    secrets.remove(at).close();
                    model.remove(at);
                } else {
                    final byte[] bytes = new byte[1 + random.nextInt(random.nextInt(8) == 0 ? Secret.MAX_BYTES : 70)];
                    random.nextBytes(bytes);
                    secrets.add(Secret.of(bytes));
                    model.add(bytes);
                }
            }
            for (int i = 0; i < secrets.size(); i++) {
                assertArrayEquals(model.get(i), secrets.get(i).copy());
                secrets.get(i).close();
            }
        });
    }

    @Test
    void shouldForgetItsBytesWhenClosed() {
        final Secret secret = Secret.of(new byte[] {1, 2, 3});
        assertFalse(secret.toString().contains("1"));
        secret.close();
        secret.close();
        assertThrows(IllegalStateException.class, secret::copy);
        assertThrows(IllegalArgumentException.class, () -> Secret.of(new byte[0]));
        assertThrows(IllegalArgumentException.class, () -> Secret.of(new byte[Secret.MAX_BYTES + 1]));
        assertEquals(SecretPages.PLAIN.protection(), Secret.protection(), "no provider is installed in this module");
    }
}
