using AgentPki.Pkcs11.Administration;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Locks;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Server.Doctor;

/// <summary>Every token, from the outside in: module, slot, mechanisms, login, a signature that verifies.</summary>
internal static class TokenChecks
{
    /// <summary>How the token opens when the appliance starts: the operator's choice.</summary>
    internal static Finding StartOf(string which, DoctorContext context, string token, PinOrigin origin)
    {
        var check = $"{which} start";
        if (origin == PinOrigin.Sealed)
        {
            return Finding.Ok(check, "starts by itself: the PIN is a credential that systemd keeps sealed to this machine");
        }

        if (origin == PinOrigin.File)
        {
            return Finding.Ok(check, "starts by itself: the PIN lies in a file that the service alone can read");
        }

        try
        {
            var secret = PinLocks.Read(context.Home, context.Options, context.Options.Tokens.First(t => t.Name == token));
            return Finding.Ok(check, $"starts locked: {secret.Threshold} of {secret.Shares.Length} officers open it ({string.Join(", ", secret.Shares.Select(s => s.Officer))}); its keys are not tried here, for nobody has the PIN alone ('agentpki status' says whether it is open)");
        }
        catch (CommandException error)
        {
            return Finding.Fail(check, error.Message, error.Remedy);
        }
    }

    internal static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        try
        {
            var findings = new List<Finding>();
            foreach (var options in TokenAccess.OptionsOf(context.Home, context.Options, context.Variable))
            {
                var which = context.Options.Tokens.Count > 1 ? $"token {options.Name}" : "token";
                var origin = PinLocks.OriginOf(context.Home, context.Options, context.Options.Tokens.First(t => t.Name == options.Name), context.Variable);
                var steps = await Pkcs11Diagnostics.RunAsync(options, context.Clock, NullLoggerFactory.Instance, logsIn: origin != PinOrigin.Quorum, cancellationToken);
                findings.Add(StartOf(which, context, options.Name, origin));
                // Of a token and its second one is enough: whether one of them signs is the finding of MirrorChecks.
                var failure = context.Options.Tokens.Any(t => t.MirrorOf.Length > 0 && (t.Name == options.Name || t.MirrorOf == options.Name)) ? Verdict.Warn : Verdict.Fail;
                findings.AddRange(steps.Select(s => new Finding($"{which} {s.Name}", s.Ok ? Verdict.Ok : failure, s.Finding, s.Remedy)));
            }

            return findings;
        }
        catch (CommandException error)
        {
            return [Finding.Fail("token module", error.Message, error.Remedy)];
        }
    }
}
