using AgentPki.Cryptography;
using AgentPki.Pkcs11.Errors;
using AgentPki.Pkcs11.Mechanisms;
using Microsoft.Extensions.Logging;

namespace AgentPki.Pkcs11.Administration;

/// <summary>Looks at a token from the outside in (module, slot, mechanisms, login, signature) and stops at the first thing that makes the rest meaningless.</summary>
public static class Pkcs11Diagnostics
{
    /// <summary>Every step until one fails. Makes a probe key in the token when there is none; changes nothing else.</summary>
    public static Task<IReadOnlyList<DiagnosticStep>> RunAsync(Pkcs11Options options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken) =>
        RunAsync(options, time, loggers, logsIn: true, cancellationToken);

    /// <param name="logsIn">False for a token whose PIN is not there: what can be seen without it is looked at.</param>
    public static async Task<IReadOnlyList<DiagnosticStep>> RunAsync(Pkcs11Options options, TimeProvider time, ILoggerFactory loggers, bool logsIn, CancellationToken cancellationToken)
    {
        List<DiagnosticStep> steps = [];
        (string Name, Func<DiagnosticStep> Look)[] looks =
        [
            ("module", () => Module(options)),
            ("slot", () => Slot(options)),
            ("mechanisms", () => MechanismsOf(options)),
            ("login", () => Login(options)),
        ];
        foreach (var (name, look) in looks.Where(l => logsIn || l.Name != "login"))
        {
            // Modules block, and a doctor may meet one that hangs: not on the caller's thread, and not for ever.
            steps.Add(await Guarded(name, () => Task.Run(look, cancellationToken).WaitAsync(options.CallDeadline, time, cancellationToken), options));
            if (!steps[^1].Ok)
            {
                return steps;
            }
        }

        if (!logsIn)
        {
            return steps;
        }

        steps.Add(await Guarded("sign", () => SignAsync(options, time, loggers, cancellationToken), options));
        return steps;
    }

    private static async Task<DiagnosticStep> Guarded(string name, Func<Task<DiagnosticStep>> look, Pkcs11Options options)
    {
        try
        {
            return await look();
        }
        catch (OperationCanceledException)
        {
            throw;
        }
        catch (TokenCallException e)
        {
            return new(name, false, $"{e.Call} answered {e.Explanation.Name}: {e.Explanation.Cause}", e.Explanation.Remedy);
        }
        catch (TimeoutException)
        {
            return new(name, false, $"the module did not come back within {options.CallDeadline.TotalSeconds:0.##} s", "mend the token or the way to it (network, daemon, driver); then try again");
        }
#pragma warning disable CA1031 // A doctor reports what it meets, whatever it is.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new(name, false, e.Message, RemedyOf(name, options));
        }
    }

    private static string RemedyOf(string step, Pkcs11Options options) => step switch
    {
        "module" => $"run hsm-config/{options.Token.Name}/install.sh, or correct the module's path in the configuration",
        "slot" => "'agentpki up' makes a development token; for another one correct its label in the configuration",
        "login" => options.Pin.Remedy,
        _ => "read the finding and the token's own log",
    };

    private static DiagnosticStep Module(Pkcs11Options options)
    {
        var tokens = TokenAdministration.ListTokens(options);
        var interfaces = TokenAdministration.ListInterfaces(options);
        return new("module", true, $"{options.ModulePath} loads{(tokens.Count > 0 ? $" (PKCS#11 {tokens[0].CryptokiVersion}{(interfaces.Count > 0 ? "; interfaces " + string.Join(", ", interfaces) : "")})" : ", but has no slot with a token")}");
    }

    private static DiagnosticStep Slot(Pkcs11Options options)
    {
        var initialized = TokenAdministration.ListTokens(options).Where(t => t.Initialized).ToList();
        var found = initialized.Where(t => t.Label == options.TokenLabel && (options.TokenSerial is null || t.SerialNumber == options.TokenSerial)).ToList();
        return found switch
        {
            [var token] => new("slot", true, $"token '{token.Label}', serial {token.SerialNumber}, {token.Manufacturer} {token.Model}, firmware {token.FirmwareVersion}"),
            [] => new(
                "slot",
                false,
                $"no slot holds a token labelled '{options.TokenLabel}' (there {(initialized.Count > 0 ? "are: " + string.Join(", ", initialized.Select(t => t.Label)) : "are none")})",
                RemedyOf("slot", options)),
            _ => new("slot", false, $"{found.Count} tokens are labelled '{options.TokenLabel}'", $"name the serial of the right one: {string.Join(", ", found.Select(t => t.SerialNumber))}"),
        };
    }

    private static DiagnosticStep MechanismsOf(Pkcs11Options options)
    {
        var has = TokenAdministration.ListMechanisms(options).ToHashSet(StringComparer.Ordinal);
        var signatures = options.Token.Signatures.Values.OrderBy(s => s.Algorithm.Name, StringComparer.Ordinal).ToList();
        var can = signatures.Where(s => has.Contains(CryptokiNames.Mechanism(s.Mechanism))).Select(s => s.Algorithm.Name).ToList();
        var lacks = signatures.Where(s => !has.Contains(CryptokiNames.Mechanism(s.Mechanism))).Select(s => $"{s.Algorithm} ({CryptokiNames.Mechanism(s.Mechanism)})").ToList();
        var finding = $"signs {(can.Count > 0 ? string.Join(", ", can) : "nothing that token.yaml names")}{(lacks.Count > 0 ? "; lacks " + string.Join(", ", lacks) : "")}{Encapsulations(options, has)}";
        return new("mechanisms", can.Count > 0, finding, can.Count > 0 ? null : "correct signatures: in token.yaml, or switch the token's firmware mode; it lists " + string.Join(", ", has.Order(StringComparer.Ordinal)));
    }

    private static string Encapsulations(Pkcs11Options options, HashSet<string> has)
    {
        if (options.Token.EncapsulationMechanism is not { } mechanism)
        {
            return "";
        }

        var kinds = string.Join(", ", options.Token.Keys.Keys.Where(k => k.CanEncapsulate).Select(k => k.Name).Order(StringComparer.Ordinal));
        return !has.Contains(CryptokiNames.Mechanism(mechanism)) ? $"; lacks {kinds} ({CryptokiNames.Mechanism(mechanism)})"
            : !TokenAdministration.HasEncapsulation(options) ? $"; lacks {kinds} (the module has no C_DecapsulateKey of PKCS#11 3.2)"
            : $"; decapsulates {kinds}";
    }

    private static DiagnosticStep Login(Pkcs11Options options)
    {
        var keys = TokenAdministration.ListKeys(options);
        var weak = keys.Where(k => k.Purpose is not null && !k.NeverLeft && k.Backup != KeyBackup.Wrapped).Select(k => k.Label).ToList();
        return weak.Count == 0
            ? new("login", true, $"logged in; {keys.Count(k => k.Purpose is not null)} keys of this appliance, none of which can leave{Leaving(keys)}, {keys.Count(k => k.Purpose is null)} others")
            : new("login", false, $"logged in, but these keys can leave the token: {string.Join(", ", weak)}", "replace them: generate new keys in the token with this appliance");
    }

    private static string Leaving(IReadOnlyList<TokenKeyDetails> keys)
    {
        var wrapped = keys.Where(k => k.Backup == KeyBackup.Wrapped).Select(k => k.Label).ToList();
        return wrapped.Count == 0 ? "" : $" but those whose ceremony chose a wrapped backup ({string.Join(", ", wrapped)})";
    }

    private static async Task<DiagnosticStep> SignAsync(Pkcs11Options options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        await using var provider = await Pkcs11Provider.OpenAsync(options, time, loggers.CreateLogger<Pkcs11Provider>(), cancellationToken);
        await provider.ProbeAsync(cancellationToken);
        var started = time.GetTimestamp();
        await provider.ProbeAsync(cancellationToken);
        return new("sign", true, $"signed with the probe key in {time.GetElapsedTime(started).TotalMilliseconds:0.0} ms, and the signature verifies");
    }
}
