using AgentPki.Cryptography;
using Microsoft.Extensions.Logging;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Administration;

/// <summary>One thing the doctor looked at.</summary>
/// <param name="Remedy">What to do; null when it is well.</param>
public sealed record DiagnosticStep(string Name, bool Ok, string Finding, string? Remedy = null);

/// <summary>Looks at a token from the outside in, and stops at the first thing that makes the rest meaningless.</summary>
public static class Pkcs11Diagnostics
{
    public static async Task<IReadOnlyList<DiagnosticStep>> RunAsync(Pkcs11Options options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        List<DiagnosticStep> steps = [];
        if (!Step(steps, "module", () => Module(options), $"run hsm-config/{options.Name}/install.sh, or correct the module's path in the configuration"))
        {
            return steps;
        }

        if (!Step(steps, "slot", () => Slot(options), "run 'agentpki up' to make a development token, or correct tokenLabel in the configuration"))
        {
            return steps;
        }

        Step(steps, "mechanisms", () => Mechanisms(options), "choose algorithms the token has, or another token");
        if (!Step(steps, "login", () => Login(options), "put the right PIN into the PIN file (mode 0600)"))
        {
            return steps;
        }

        steps.Add(await SignAsync(options, time, loggers, cancellationToken));
        return steps;
    }

    private static bool Step(List<DiagnosticStep> steps, string name, Func<(bool Ok, string Finding)> look, string remedy)
    {
        bool ok;
        string finding;
        try
        {
            (ok, finding) = look();
        }
        catch (Pkcs11Exception e)
        {
            (ok, finding) = (false, CkrExplanation.Explain(e.Method, e.RV));
        }
#pragma warning disable CA1031 // A doctor reports what it meets, whatever it is.
        catch (Exception e)
#pragma warning restore CA1031
        {
            (ok, finding) = (false, e.Message);
        }

        steps.Add(new(name, ok, finding, ok ? null : remedy));
        return ok;
    }

    private static (bool Ok, string Finding) Module(Pkcs11Options options)
    {
        options.Validate();
        var tokens = TokenAdministration.ListTokens(options);
        return (true, $"{options.ModulePath} (PKCS#11 {(tokens.Count > 0 ? tokens[0].CryptokiVersion : "?")}) loads");
    }

    private static (bool Ok, string Finding) Slot(Pkcs11Options options)
    {
        var tokens = TokenAdministration.ListTokens(options);
        var found = tokens.FirstOrDefault(t => t.Initialized && t.Label == options.TokenLabel);
        var others = string.Join(", ", tokens.Where(t => t.Initialized).Select(t => t.Label));
        return found is null
            ? (false, $"no slot holds a token labelled '{options.TokenLabel}' (found: {(others.Length > 0 ? others : "none")})")
            : (true, $"token '{found.Label}', serial {found.SerialNumber}, {found.Manufacturer} {found.Model}");
    }

    private static (bool Ok, string Finding) Mechanisms(Pkcs11Options options)
    {
        var has = TokenAdministration.ListMechanisms(options).ToHashSet(StringComparer.Ordinal);
        var (can, cannot) = (new List<string>(), new List<string>());
        foreach (var (name, use) in options.Token.Mechanisms.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            (has.Contains(Pkcs11.Mechanisms.NewerMechanisms.NameOf(use.Mechanism)) ? can : cannot).Add(name);
        }

        return (can.Count > 0, $"signs {string.Join(", ", can)}{(cannot.Count > 0 ? $"; not {string.Join(", ", cannot)}" : "")}");
    }

    private static (bool Ok, string Finding) Login(Pkcs11Options options)
    {
        var keys = TokenAdministration.ListKeys(options);
        var weak = keys.Where(k => k.Extractable || !k.Sensitive).Select(k => k.Label).ToList();
        return weak.Count == 0
            ? (true, $"logged in; {keys.Count} keys, all sensitive and not extractable")
            : (false, $"logged in, but these keys can leave the token: {string.Join(", ", weak)}");
    }

    private static async Task<DiagnosticStep> SignAsync(Pkcs11Options options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        const string remedy = "see the finding; the token's own log says more";
        try
        {
            await using var provider = await Pkcs11Provider.OpenAsync(options, time, loggers.CreateLogger<Pkcs11Provider>(), cancellationToken);
            var started = time.GetTimestamp();
            await provider.ProbeAsync(cancellationToken);
            return new("sign", true, $"signed with a probe key in {time.GetElapsedTime(started).TotalMilliseconds:0.0} ms and verified");
        }
        catch (Exception e) when (e is KeyUnavailableException or NotSupportedException or InvalidOperationException or Pkcs11Exception)
        {
            return new("sign", false, e.Message, remedy);
        }
    }
}
