using AgentPki.Pkcs11.Administration;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Server.Doctor;

/// <summary>Every token, from the outside in: module, slot, mechanisms, login, a signature that verifies.</summary>
internal static class TokenChecks
{
    internal static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        try
        {
            var findings = new List<Finding>();
            foreach (var options in TokenAccess.OptionsOf(context.Home, context.Options, context.Variable))
            {
                var which = context.Options.Tokens.Count > 1 ? $"token {options.Name}" : "token";
                var steps = await Pkcs11Diagnostics.RunAsync(options, context.Clock, NullLoggerFactory.Instance, cancellationToken);
                findings.AddRange(steps.Select(s => new Finding($"{which} {s.Name}", s.Ok ? Verdict.Ok : Verdict.Fail, s.Finding, s.Remedy)));
            }

            return findings;
        }
        catch (CommandException error)
        {
            return [Finding.Fail("token module", error.Message, error.Remedy)];
        }
    }
}
