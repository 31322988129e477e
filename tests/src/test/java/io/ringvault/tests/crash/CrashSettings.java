package io.ringvault.tests.crash;

import io.ringvault.tests.harness.SimRig.Keep;
import java.util.List;

/** What to do at each crash point, and how often. */
public final class CrashSettings {
    /** With a freshness anchor. */
    public boolean anchored = true;
    /** With strict epochs of at most so many blocks; 0: the engine commits by itself. */
    public int strictBlocks;
    /**
     * Requests complete after up to so many polls, in any order over both queues: whoever does not wait for one that
     * he depends on is overtaken by it.
     */
    public int maxDelayPolls;
    /** Policies at each crash point. */
    public List<Keep> policies = List.of(Keep.values());
    /** Of which one is drawn for each crash during a recovery. */
    public List<Keep> nestedPolicies = List.of(Keep.values());
    /** Up to so many volatile writes every subset of them is kept once; 0: only what the policies draw. */
    public int subsetsUpTo;
    /** So many images with one torn write at each crash point, cut at each sector in turn, beside the policies. */
    public int tornImages;
    /** Where more images than this are to be had at a crash point, so many are drawn. */
    public int imagesPerPoint = Integer.MAX_VALUE;
    /** Examine one crash point in so many, beginning with a seeded one. */
    public int stride = 1;
    /** In one clone out of so many, crash again during its recovery ... */
    public int nestedEvery = 3;
    /** ... at about so many of its operations. */
    public int nestedPoints = 4;
    /** In one clone out of so many, write on, close or crash, and reopen twice. */
    public int followUpEvery = 2;
    /** At one crash point out of so many, let writes of the dead process land late, on a device without a lock. */
    public int lateEvery = 12;
    /** Of one image in so many, recovery is compared with itself, with a read-only open, and with the engine. */
    public int recoveryEvery = 6;
    /** No more images than this. */
    public long limit = Long.MAX_VALUE;
    /** Nor any longer than this, by {@code System.nanoTime}. */
    public long endNs = Long.MAX_VALUE;
    /** Called with each image before it is opened, and after each examination; for oracles. */
    public CrashOracle oracle = CrashOracle.NONE;
}
