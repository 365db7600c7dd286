using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Tests;

/// <summary>What the ledger of a <see cref="TestAuthority"/> says.</summary>
internal static class LedgerReading
{
    public static async Task<long> LedgerSizeAsync(this TestAuthority authority) => (await authority.Store.HeadAsync(default)).Size;

    /// <summary>The certificate as the store has it.</summary>
    public static ValueTask<StoredCertificate?> FindAsync(this TestAuthority authority, Certificate certificate) =>
        authority.Environment.Stores.Certificates.FindAsync("issuing", certificate.SerialNumber, default);

    /// <summary>How many certificates agents have; the appliance's own are not counted.</summary>
    public static async Task<int> AgentCertificatesAsync(this TestAuthority authority) =>
        (await authority.Environment.Stores.Certificates.ListAsync(10_000, default)).Count(c => c.Certificate.AgentId is not null);

    /// <summary>The details of every entry of that kind, oldest first.</summary>
    public static async Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> EntriesAsync(this TestAuthority authority, LedgerEntryKind kind)
    {
        var found = new List<IReadOnlyDictionary<string, string>>();
        await foreach (var record in authority.Store.ReadAsync(0, default))
        {
            if (record.Leaf.Kind == kind && record.Details is { } details)
            {
                found.Add(details.Facts);
            }
        }

        return found;
    }
}
