using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Doctor;

/// <summary>A CA of the database, with its certificate.</summary>
internal sealed record ExaminedAuthority(AuthorityRecord Record, Certificate Certificate)
{
    internal const string Restore = "Stop the appliance and restore the last backup; 'agentpki audit verify' says what is lost.";

    /// <summary>Those that can be read; the others are findings.</summary>
    internal static IReadOnlyList<ExaminedAuthority> Of(IReadOnlyList<AuthorityRecord> records, out IReadOnlyList<Finding> damaged)
    {
        var (readable, findings) = (new List<ExaminedAuthority>(), new List<Finding>());
        foreach (var record in records)
        {
            if (Certificate.TryParse(record.Der, out var certificate, out var error))
            {
                readable.Add(new ExaminedAuthority(record, certificate));
            }
            else
            {
                findings.Add(Finding.Fail($"ca {record.Name}", $"its certificate in the database is damaged: {error}", Restore));
            }
        }

        damaged = findings;
        return readable;
    }
}
