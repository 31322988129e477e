/**
 * Who runs what on which thread. Agents are Agrona {@link org.agrona.concurrent.Agent}s: a duty cycle that never
 * blocks.
 *
 * <p>The control plane starts and closes an {@link io.ringvault.poller.AgentGroup}; in {@code DEDICATED} mode each
 * agent has a
 * thread, in {@code SHARED} mode all share one, in {@code INVOKER} mode the caller steps them. What blocks (anchors,
 * file syncs)
 * goes through a {@link io.ringvault.poller.BlockingWorker}, whose results come back on the agent's own thread when
 * it polls.
 * Time is an injected {@link org.agrona.concurrent.NanoClock}: Agrona's {@code SystemNanoClock}, or
 * {@link io.ringvault.poller.VirtualClock} where everything must be reproducible. Nothing here swallows an error,
 * and no agent
 * ends without its error handler being told.
 */
package io.ringvault.poller;
