package io.ringvault.tests.anchor;

import io.ringvault.tests.interop.Processes;
import io.ringvault.tests.interop.Tools;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A software TPM 2.0 in a process of its own, behind a proxy, with tpm2-tools as an independent second client. */
final class Swtpm implements AnchorPlace {
    private static final int NV_WRITE = 0x137;

    private final Path state;
    private final int port;
    private final TcpProxy proxy;
    private Process process;
    private int index = 0x01800100;

    private Swtpm(final Path state) throws IOException, InterruptedException {
        this.state = state;
        this.port = twoFreePorts();
        this.proxy = new TcpProxy(port);
        start();
    }

    /** Starts one with its state in a folder; skips, by name, where swtpm or tpm2-tools are not installed. */
    static Swtpm start(final Path state) throws IOException, InterruptedException {
        Tools.require("swtpm", "tpm2_nvreadpublic", "tpm2_nvundefine", "tpm2_nvdefine", "tpm2_nvwrite");
        return new Swtpm(state);
    }

    private static int twoFreePorts() throws IOException {
        while (true) {
            try (ServerSocket first = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                try (ServerSocket second = new ServerSocket(first.getLocalPort() + 1, 1,
                    InetAddress.getLoopbackAddress())) {
                    return second.getLocalPort() - 1;
                } catch (final IOException taken) {
                    Thread.yield();
                }
            }
        }
    }

    private void start() throws IOException, InterruptedException {
        final File log = state.resolve("log").toFile();
        process = new ProcessBuilder("swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + state,
            "--server", "type=tcp,bindaddr=127.0.0.1,port=" + port,
            "--ctrl", "type=tcp,bindaddr=127.0.0.1,port=" + (port + 1), "--flags", "not-need-init,startup-clear")
            .redirectOutput(log).redirectError(log).start();
        for (int tries = 0; tries < 500; tries++) {
            try (Socket probe = new Socket()) {
                probe.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
                return;
            } catch (final IOException notYet) {
                if (!process.isAlive()) {
                    break;
                }
                Thread.sleep(20);
            }
        }
        throw new AssertionError("swtpm does not answer: " + Files.readString(log.toPath()));
    }

    @Override
    public String vacant() {
        return String.format("tpm:0x%08x@127.0.0.1:%d", ++index, proxy.port());
    }

    @Override
    public void restart() throws IOException, InterruptedException {
        process.destroyForcibly().waitFor(20, TimeUnit.SECONDS);
        start();
    }

    @Override
    public boolean reachable(final boolean now) {
        proxy.cut(!now);
        return true;
    }

    @Override
    public boolean loseAnswers(final boolean now) {
        proxy.mute(request -> now && request.length > 10
            && ((request[8] & 0xFF) << 8 | request[9] & 0xFF) == NV_WRITE);
        return true;
    }

    @Override
    public boolean damage(final String spec) throws IOException, InterruptedException {
        tools("tpm2_nvundefine", "-C", "o", handle(spec)).expect(0);
        tools("tpm2_nvdefine", "-C", "o", "-s", "136", handle(spec)).expect(0);
        return true;
    }

    /** The index in a text. */
    static String handle(final String spec) {
        return spec.substring("tpm:".length(), spec.indexOf('@'));
    }

    /** Runs one of the tpm2-tools on this TPM. */
    Processes.Result tools(final String... command) throws IOException, InterruptedException {
        final List<String> all = new ArrayList<>(List.of("env",
            "TPM2TOOLS_TCTI=swtpm:host=127.0.0.1,port=" + port));
        all.addAll(List.of(command));
        return Processes.run(60, all);
    }


    @Override
    public void close() throws IOException, InterruptedException {
        proxy.close();
        process.destroy();
        process.waitFor(20, TimeUnit.SECONDS);
    }
}
