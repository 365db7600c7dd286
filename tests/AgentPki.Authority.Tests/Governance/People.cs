using System.Collections.Immutable;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Cryptography;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using Xunit;

namespace AgentPki.Authority.Tests.Governance;

/// <summary>Administrators of a <see cref="TestAuthority"/>, with their keys and certificates.</summary>
internal static class People
{
    public static readonly ImmutableArray<AdminRole> Officers = [AdminRole.Officer, AdminRole.CaAdministrator];

    public static async Task<NewAdministrator> NewAsync(string name, params ImmutableArray<AdminRole> roles)
    {
        await using var key = await TestAuthority.KeyAsync();
        return new NewAdministrator(name, roles.IsEmpty ? Officers : roles, [], (await TestAuthority.RequestAsync(key, name)).Der);
    }

    /// <summary>The first administrators: officers.</summary>
    public static async Task<IReadOnlyList<Certificate>> BootstrapAsync(this TestAuthority authority, params string[] names)
    {
        var wanted = new List<NewAdministrator>();
        foreach (var name in names)
        {
            wanted.Add(await NewAsync(name));
        }

        var done = Assert.IsType<Outcome<IReadOnlyList<AdministratorCertificate>>.Done>(await authority.Services.Governance.BootstrapAsync(wanted, alone: names.Length == 1, "ceremony", "test", default));
        return [.. done.Value.Select(c => c.Certificate)];
    }

    public static async Task<AdminCaller> KnownAsync(this TestAuthority authority, Certificate certificate) =>
        Assert.IsType<AdminIdentification.Known>(await authority.Services.Administrators.AuthenticateAsync(certificate, default)).Caller;

    public static async Task<AdminIdentification.Unknown> UnknownAsync(this TestAuthority authority, Certificate certificate) =>
        Assert.IsType<AdminIdentification.Unknown>(await authority.Services.Administrators.AuthenticateAsync(certificate, default));

    public static PkiProblem Problem<T>(this Outcome<T> outcome) => Assert.IsType<Outcome<T>.Refused>(outcome).Problem;

    public static T Value<T>(this Outcome<T> outcome) => Assert.IsType<Outcome<T>.Done>(outcome).Value;
}
