using AgentPki.Server.Configuration;
using AgentPki.Server.Home;

namespace AgentPki.Server.Doctor;

/// <summary>What the checks look at.</summary>
/// <param name="Running">Whether a service holds the home's lock now.</param>
public sealed record DoctorContext(ApplianceHome Home, ApplianceOptions Options, TimeProvider Clock, Func<string, string?> Variable, bool Running);
